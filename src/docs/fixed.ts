import { createHash } from 'node:crypto'
import type { Request, RequestHandler, Response } from 'express'

/**
 * RFC 9110 §13.1.2, weak comparison. Not Express's own `req.fresh`: that never says 304 to a request with
 * `Cache-Control: no-cache`, which fetch adds by itself as soon as a caller sets If-None-Match.
 */
const knows = (req: Request, etag: string): boolean => {
  const known = new Set((req.get('if-none-match') ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, '')))
  return known.has(etag) || known.has('*')
}

type Body = () => Buffer | Promise<Buffer>

/** Ends the answer whose headers, ETag among them, are set: with the body, or with 304 to who has it already. */
export async function sendUnlessKnown(req: Request, res: Response, body: Body): Promise<void> {
  if (knows(req, res.get('etag') ?? '')) {
    // No body, hence nothing that describes one; `end` because `send` would add a Content-Length.
    res.removeHeader('Content-Type')
    res.removeHeader('Content-Encoding')
    res.status(304).end()
    return
  }
  res.send(await body())
}

/**
 * Answers with a text that does not change while the server runs, made when it is first asked for: a start need not wait
 * for it. `no-cache` makes an upgrade show at once.
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
    await sendUnlessKnown(req, res, () => bytes)
  }
}
