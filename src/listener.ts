import type { RequestListener, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { Config } from './config/config.ts'
import { answerClientError } from './http/client-error.ts'
import { connectionLimit } from './http/connection-limit.ts'
import { createEpisodes } from './http/episodes.ts'
import { createHttpServer } from './http/http-server.ts'
import { createAddressOf } from './http/public-address.ts'
import { closeInStages } from './http/staged-close.ts'
import { endUnreadReplies } from './http/unread-replies.ts'
import { StartupError } from './startup-error.ts'

/** A listening HTTP server. Requests wait until the application is attached with `serve`. */
export interface Listener {
  readonly url: string
  readonly serve: (app: RequestListener) => void
  /**
   * Ends each connection with its next reply, and stops listening after the delay. Resolves when all open requests have
   * finished, or the time for that is up.
   */
  readonly close: (delaySeconds?: number) => Promise<void>
}

/** Milliseconds. */
const STOP_TIMEOUT = 8_000
/** A proxy must not send a request just when we close its idle connection; most proxies close it within two minutes. */
const KEEP_ALIVE_TIMEOUT = 125_000
/** How long a client may go on sending a body that was refused. */
const STAGED_CLOSE = 5_000
/** Connections that wait to be accepted. A client whose connection has no room there tries again after a second. */
const BACKLOG = 2_048
/** A client that takes nothing of its reply for this long is disconnected. */
export const REPLY_TIMEOUT = 30_000

/** Called before the database is started, so that a port in use is reported without touching DATA_DIR. */
export async function listen(
  { host, port, publicUrl }: Pick<Config, 'host' | 'port'> & Partial<Pick<Config, 'publicUrl'>>,
  log: Logger,
  {
    replyTimeout = REPLY_TIMEOUT,
    keepAliveTimeout = KEEP_ALIVE_TIMEOUT,
    stagedCloseTimeout = STAGED_CLOSE,
    maxConnections = connectionLimit(),
  } = {},
): Promise<Listener> {
  const addressOf = createAddressOf(publicUrl)
  const attached = Promise.withResolvers<RequestListener>()
  let app: RequestListener | undefined
  const open = new Set<ServerResponse>()
  const unread = endUnreadReplies(replyTimeout)
  let closing = false
  const repliesOn = (socket: Duplex): ServerResponse[] => [...open].filter(({ req }) => req.socket === socket)
  const handle: RequestListener = (request, response) => {
    open.add(response)
    response.once('close', () => open.delete(response))
    unread.watch(response)
    closeInStages(request, stagedCloseTimeout)
    if (closing) response.shouldKeepAlive = false
    if (app === undefined) void attached.promise.then((ready) => ready(request, response))
    else app(request, response)
  }
  const server = createHttpServer(keepAliveTimeout, addressOf, handle)
  server.maxConnections = maxConnections
  server.on('drop', createDropLog(log, maxConnections))
  server.on('clientError', (error, socket) => {
    // The client would take a reply to this for the one that is under way, so it gets none.
    if (repliesOn(socket).some(({ headersSent, req }) => headersSent || req.complete)) socket.destroy()
    else answerClientError(error, socket, addressOf)
  })
  await bind(server, host, port)
  server.on('error', (error) => log.error({ err: error }, 'the HTTP server failed'))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The HTTP server has no port')
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return {
    url: `http://${shownHost}:${address.port}`,
    serve: (ready) => {
      app = ready
      attached.resolve(ready)
    },
    close: async (delaySeconds = 0) => {
      const started = performance.now()
      closing = true
      // Without keep-alive each connection closes after its current reply, so its client cannot send another request.
      for (const response of open) response.shouldKeepAlive = false
      await delay(delaySeconds * 1_000)
      await drain(server, STOP_TIMEOUT - (performance.now() - started))
      unread.stop()
    },
  }
}

/** Node closes a connection beyond the limit at once. */
function createDropLog(log: Logger, maxConnections: number): () => void {
  const episodes = createEpisodes(
    () => log.warn(`there are ${maxConnections} connections; more are closed at once`),
    ({ count, seconds }) => log.warn({ closed: count, seconds }, 'no connection is closed at once any more'),
  )
  return episodes.note
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(bindError(error, host, port)))
    server.listen({ host, port, backlog: BACKLOG }, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

function bindError(error: NodeJS.ErrnoException, host: string, port: number): StartupError {
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartupError(`PORT ${port} on ${host} is already in use; stop the other process or change PORT`)
    case 'EACCES':
      return new StartupError(`PORT ${port} needs more privileges than this user has; set PORT to 1024 or higher`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new StartupError(`HOST ${host} is not an address of this machine`)
    default:
      return new StartupError(`HOST and PORT: cannot listen on ${host}:${port}: ${error.message}`)
  }
}

function drain(server: Server, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timeout = setTimeout(() => server.closeAllConnections(), timeoutMs)
    server.close(() => {
      clearTimeout(timeout)
      resolve()
    })
  })
}
