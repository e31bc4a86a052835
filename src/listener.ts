import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { Logger } from 'pino'
import type { Config } from './config/config.ts'
import { answerClientError } from './http/client-error.ts'
import { StartupError } from './startup-error.ts'

/** A listening HTTP server whose application comes a moment later; requests until then wait for it. */
export interface Listener {
  readonly url: string
  readonly serve: (app: RequestListener) => void
  /** Stops listening, lets requests under way finish, and resolves when all are done or time is up. */
  readonly close: () => Promise<void>
}

/** Milliseconds. Whoever sends slower than this is cut off (slow-loris). */
const HEADERS_TIMEOUT = 10_000
const REQUEST_TIMEOUT = 30_000
const DRAIN_TIMEOUT = 8_000

/** Listens at once, so that a port that is taken is known before a database is started. */
export async function listen({ host, port }: Pick<Config, 'host' | 'port'>, log: Logger): Promise<Listener> {
  const attached = Promise.withResolvers<RequestListener>()
  let app: RequestListener | undefined
  const open = new Set<ServerResponse>()
  let closing = false
  const answer: RequestListener = (request, response) => {
    open.add(response)
    response.once('close', () => open.delete(response))
    if (closing) response.shouldKeepAlive = false
    if (app === undefined) void attached.promise.then((ready) => ready(request, response))
    else app(request, response)
  }
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT, requestTimeout: REQUEST_TIMEOUT, connectionsCheckingInterval: 2_000 },
    answer,
  )
  server.on('clientError', answerClientError)
  await bind(server, host, port)
  server.on('error', (error) => log.error({ err: error }, 'the HTTP server failed'))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port')
  const shownHost = address.family === 'IPv6' ? `[${address.address}]` : address.address
  return {
    url: `http://${shownHost}:${address.port}`,
    serve: (ready) => {
      app = ready
      attached.resolve(ready)
    },
    close: () => {
      closing = true
      // Each connection ends with the answer that is under way on it; its client would send the next request at once.
      for (const response of open) response.shouldKeepAlive = false
      // Without an application nobody will ever answer those who wait.
      return drain(server, app === undefined ? 0 : DRAIN_TIMEOUT)
    },
  }
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(bindError(error, host, port)))
    server.listen({ host, port }, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

function bindError(error: NodeJS.ErrnoException, host: string, port: number): StartupError {
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartupError(`PORT ${port} on ${host} is taken by another process; stop it or set PORT to another one`)
    case 'EACCES':
      return new StartupError(`PORT ${port} may not be used by this user; set PORT to 1024 or more`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new StartupError(`HOST ${host} is no address of this machine`)
    default:
      return new StartupError(`HOST and PORT: cannot listen on ${host}:${port}: ${error.message}`)
  }
}

function drain(server: Server, patience: number): Promise<void> {
  return new Promise((resolve) => {
    const impatience = setTimeout(() => server.closeAllConnections(), patience)
    server.close(() => {
      clearTimeout(impatience)
      resolve()
    })
  })
}
