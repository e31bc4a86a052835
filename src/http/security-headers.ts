import type { NextFunction, Request, RequestHandler, Response } from 'express'

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
  return (_request: Request, response: Response, next: NextFunction) => {
    for (const [name, value] of replyHeaders) response.setHeader(name, value)
    next()
  }
}
