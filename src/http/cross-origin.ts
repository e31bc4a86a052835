import type { IncomingMessage, ServerResponse } from 'node:http'
import cors from 'cors'

/** Adds the headers by which a page of an allowed origin may read the reply, and answers preflight requests. */
export type CrossOrigin = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void

/** The headers that such a page may read. */
const EXPOSED = [
  'Deprecation',
  'ETag',
  'Idempotency-Replayed',
  'Link',
  'Location',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Sunset',
  'WWW-Authenticate',
  'X-Request-Id',
  'X-Total-Count',
]

export function createCrossOrigin(origins: readonly string[]): CrossOrigin {
  if (origins.length === 0) return (_request, _response, next) => next()
  return cors({ origin: [...origins], exposedHeaders: EXPOSED, maxAge: 600 })
}
