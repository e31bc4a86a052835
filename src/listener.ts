import type { RequestListener, Server, ServerResponse } from 'node:http'
import { type AddressInfo, Server as TcpServer } from 'node:net'
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
  /** How many connections are open. */
  readonly connections: () => Promise<number>
  /**
   * Ends each connection with its next reply, and stops listening after the delay. Resolves when all open requests have
   * finished, or the time for that is up.
   */
  readonly close: (delaySeconds?: number) => Promise<void>
  /**
   * For a port that another process serves by now: takes no connection any more. Each one that is open ends with its
   * next reply, or once it has been idle for a while. Resolves when all have ended, or the time for that is up.
   */
  readonly handOver: () => Promise<void>
}

/** Milliseconds. */
const STOP_TIMEOUT = 8_000
/** Milliseconds. A client that has not used its connection for this long hardly begins to just when it is closed. */
const HAND_OVER_LINGER = 10_000
/** Milliseconds. As long as a request may take. */
export const HAND_OVER_TIMEOUT = 40_000
/** A proxy must not send a request just when we close its idle connection; most proxies close it within two minutes. */
const KEEP_ALIVE_TIMEOUT = 125_000
/** How long a client may go on sending a body that was refused. */
const STAGED_CLOSE = 5_000
/** Connections that wait to be accepted. A client whose connection has no room there tries again after a second. */
const BACKLOG = 2_048
/** A client that takes nothing of its reply for this long is disconnected. */
export const REPLY_TIMEOUT = 30_000

const TIMES = {
  replyTimeout: REPLY_TIMEOUT,
  keepAliveTimeout: KEEP_ALIVE_TIMEOUT,
  stagedCloseTimeout: STAGED_CLOSE,
  lingerTimeout: HAND_OVER_LINGER,
}

/** Called before the database is started, so that a port in use is reported without touching DATA_DIR. */
export async function listen(
  { host, port, publicUrl }: Pick<Config, 'host' | 'port'> & Partial<Pick<Config, 'publicUrl'>>,
  log: Logger,
  { maxConnections = connectionLimit(), ...times }: Partial<typeof TIMES> & { readonly maxConnections?: number } = {},
): Promise<Listener> {
  const { replyTimeout, keepAliveTimeout, stagedCloseTimeout, lingerTimeout } = { ...TIMES, ...times }
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
  limitConnections(server, maxConnections, log)
  server.on('clientError', (error, socket) => {
    // The client would take a reply to this for the one that is under way, so it gets none.
    if (repliesOn(socket).some(({ headersSent, req }) => headersSent || req.complete)) socket.destroy()
    else answerClientError(error, socket, addressOf)
  })
  await bind(server, host, port)
  server.on('error', (error) => log.error({ err: error }, 'the HTTP server failed'))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The HTTP server has no port')
  const endKeepAlive = (): void => {
    closing = true
    // Without keep-alive each connection closes after its current reply, so its client cannot send another request.
    for (const response of open) response.shouldKeepAlive = false
  }
  return {
    url: urlOf(address),
    serve: (ready) => {
      app = ready
      attached.resolve(ready)
    },
    connections: () => connectionsOf(server),
    close: async (delaySeconds = 0) => {
      const started = performance.now()
      endKeepAlive()
      await delay(delaySeconds * 1_000)
      await drain(server, STOP_TIMEOUT - (performance.now() - started))
      unread.stop()
    },
    handOver: async () => {
      endKeepAlive()
      await linger(server, lingerTimeout)
      unread.stop()
    },
  }
}

/** The address of a server, for people. */
export function urlOf({ address, port, family }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

function connectionsOf(server: Server): Promise<number> {
  return new Promise((resolve) => server.getConnections((error, count) => resolve(error === null ? count : 0)))
}

/** Stops listening, and closes the connections that are idle after the time-out. */
async function linger(server: Server, timeoutMs: number): Promise<void> {
  // `close` of node:http would close the idle ones at once, on which a request may be under way.
  const closed = new Promise((resolve) => TcpServer.prototype.close.call(server, resolve))
  const idle = setTimeout(() => server.closeIdleConnections(), timeoutMs)
  const all = setTimeout(() => server.closeAllConnections(), HAND_OVER_TIMEOUT)
  await closed
  clearTimeout(idle)
  clearTimeout(all)
  // Ends the timers of node:http.
  server.close()
}

/** Node closes a connection beyond the limit at once. */
function limitConnections(server: Server, maxConnections: number, log: Logger): void {
  const episodes = createEpisodes(
    () => log.warn(`there are ${maxConnections} connections; more are closed at once`),
    ({ count, seconds }) => log.warn({ closed: count, seconds }, 'no connection is closed at once any more'),
  )
  // Otherwise node:cluster would pass the connection on from one full worker to the next, without end.
  Object.assign(server, { maxConnections, dropMaxConnection: true })
  server.on('drop', episodes.note)
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
