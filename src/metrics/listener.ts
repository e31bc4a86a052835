import { createHash, timingSafeEqual } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { StartupError } from '../startup-error.ts'

export interface MetricsOptions {
  readonly host: string
  readonly port: number
  /** Left out, everybody who reaches the port may read. */
  readonly token: string | undefined
  readonly collect: () => Promise<string>
  readonly onError: (error: unknown) => void
}

/** Milliseconds. */
const HEADERS_TIMEOUT = 5_000
/** A few scrapers, and a person who looks. */
const MAX_CONNECTIONS = 32
const TEXT = { 'Content-Type': 'text/plain; charset=utf-8' }
const EXPOSITION = { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8', 'Cache-Control': 'no-store' }

/**
 * Serves `GET /metrics` on a port of its own, so that clients do not see how busy the server is, and a flood of theirs
 * does not hide it. Throws a StartupError if it cannot listen.
 */
export async function serveMetrics(options: MetricsOptions): Promise<AsyncDisposable> {
  const { host, port, token, collect, onError } = options
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const [path] = (request.url ?? '').split('?')
    if (path !== '/metrics') return reply(response, 404, 'The metrics are at /metrics.\n')
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return reply(response, 405, 'Use GET.\n', { Allow: 'GET, HEAD' })
    if (token !== undefined && !isAuthorized(request, token))
      return reply(response, 401, 'Send METRICS_TOKEN as a bearer token.\n', { 'WWW-Authenticate': 'Bearer' })
    try {
      reply(response, 200, await collect(), EXPOSITION)
    } catch (error) {
      onError(error)
      reply(response, 500, 'The metrics could not be read; see the log.\n')
    }
  }
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT, requestTimeout: HEADERS_TIMEOUT },
    (request, response) => {
      request.resume()
      void answer(request, response)
    },
  )
  server.maxConnections = MAX_CONNECTIONS
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(bindError(error, host, port)))
    server.listen({ host, port, exclusive: true }, resolve)
  })
  server.on('error', onError)
  return {
    [Symbol.asyncDispose]: () => {
      server.closeAllConnections()
      return new Promise((resolve) => server.close(() => resolve()))
    },
  }
}

function reply(response: ServerResponse, status: number, text: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...TEXT, ...headers, 'Content-Length': Buffer.byteLength(text) }).end(text)
}

function isAuthorized({ headers }: IncomingMessage, token: string): boolean {
  const [, given = ''] = /^bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? []
  // Digests have one length, which the comparison needs.
  const [one, other] = [given, token].map((text) => createHash('sha256').update(text).digest())
  return one !== undefined && other !== undefined && timingSafeEqual(one, other)
}

function bindError(error: NodeJS.ErrnoException, host: string, port: number): StartupError {
  if (error.code === 'EADDRINUSE')
    return new StartupError(`METRICS_PORT ${port} on ${host} is already in use; change it`)
  if (error.code === 'EACCES')
    return new StartupError(`METRICS_PORT ${port} needs more privileges than this user has; use 1024 or higher`)
  return new StartupError(`METRICS_HOST and METRICS_PORT: cannot listen on ${host}:${port}: ${error.message}`)
}
