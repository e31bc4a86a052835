import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { Problem } from './problem.ts'

/** What every reply has, also one that is written before express sees the request. */
export const replyHeaders: readonly (readonly [name: string, value: string])[] = [
  ['X-Content-Type-Options', 'nosniff'],
  ['Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'"],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Cache-Control', 'private, no-store'],
]

/**
 * A proxy that compresses a reply has to make its tag weak, and a weak tag is refused in If-Match. This forbids it to
 * (RFC 9111 §5.2.2.6); not all obey.
 */
export const cacheControlWithTag = 'private, no-store, no-transform'

/** The headers of every reply, failures included. The docs pages override the ones that do not suit them. */
export function securityHeaders(): RequestHandler {
  return (request: Request, response: Response, next: NextFunction) => {
    for (const [name, value] of replyHeaders) response.setHeader(name, value)
    // Node keeps the first of two Host headers; a proxy in front may have used the other (RFC 9112 §3.2).
    if (countHeader(request.rawHeaders, 'host') > 1) {
      throw new Problem('malformed-request', 'The request has more than one Host header.')
    }
    next()
  }
}

function countHeader(rawHeaders: readonly string[], name: string): number {
  return rawHeaders.filter((value, index) => index % 2 === 0 && value.toLowerCase() === name).length
}
