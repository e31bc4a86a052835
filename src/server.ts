import { createServer, type RequestListener, type Server } from 'node:http'
import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { StartupFault } from './startup-fault.ts'

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
  let app: RequestListener = (request, response) => void attached.promise.then((ready) => ready(request, response))
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT, requestTimeout: REQUEST_TIMEOUT, connectionsCheckingInterval: 2_000 },
    (request, response) => app(request, response),
  )
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
    close: () => drain(server),
  }
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(bindFault(error, host, port)))
    server.listen({ host, port }, () => {
      server.removeAllListeners('error')
      resolve()
    })
  })
}

function bindFault(error: NodeJS.ErrnoException, host: string, port: number): StartupFault {
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartupFault(`PORT ${port} on ${host} is taken by another process; stop it or set PORT to another one`)
    case 'EACCES':
      return new StartupFault(`PORT ${port} may not be used by this user; set PORT to 1024 or more`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new StartupFault(`HOST ${host} is no address of this machine`)
    default:
      return new StartupFault(`HOST and PORT: cannot listen on ${host}:${port}: ${error.message}`)
  }
}

function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const impatience = setTimeout(() => server.closeAllConnections(), DRAIN_TIMEOUT)
    server.close(() => {
      clearTimeout(impatience)
      resolve()
    })
  })
}
