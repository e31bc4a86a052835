import { createHash } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'

/**
 * RFC 9110 §13.1.2, weak comparison. We do not use Express's `req.fresh`: it never gives 304 for a request with
 * `Cache-Control: no-cache`, and fetch adds that header as soon as a program sets If-None-Match.
 */
const isCached = (req: Request, etag: string): boolean => {
  const cached = new Set((req.get('if-none-match') ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, '')))
  return cached.has(etag) || cached.has('*')
}

type Body = () => Buffer | Promise<Buffer>

/** Sends the body, or 304 if the client already has it. The headers, including ETag, must be set before. */
export async function sendUnlessCached(req: Request, res: Response, body: Body): Promise<void> {
  if (isCached(req, res.get('etag') ?? '')) {
    // There is no body, so no header may describe one. We use `end`, because `send` would add a Content-Length.
    res.removeHeader('Content-Type')
    res.removeHeader('Content-Encoding')
    res.status(304).end()
    return
  }
  res.send(await body())
}

/**
 * Serves a text that does not change while the server runs. It is made on the first request, so it does not delay the
 * start. `no-cache` makes an upgrade visible at once.
 */
export function fixed(text: string | (() => string), type: string, headers: Record<string, string>): RequestHandler {
  const make = (): { bytes: Buffer; etag: string } => {
    const bytes = Buffer.from(typeof text === 'string' ? text : text())
    return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` }
  }
  let made: ReturnType<typeof make> | undefined
  return async (req, res) => {
    made ??= make()
    const { bytes, etag } = made
    res.set({
      'Content-Type': `${type}; charset=utf-8`,
      'Cache-Control': 'no-cache',
      'X-Content-Type-Options': 'nosniff',
      ETag: etag,
      ...headers,
    })
    await sendUnlessCached(req, res, () => bytes)
  }
}
