import { type ServerResponse, validateHeaderValue } from 'node:http'
import type { HeaderValues } from './problem.ts'

export interface OutgoingReply {
  readonly status: number
  readonly headers: HeaderValues
  /** undefined for a reply without a body. */
  readonly body: unknown
  readonly mediaType: string
}

/** Writes a whole reply, or throws before it wrote any of it. For HEAD, node leaves the body out by itself and keeps its length (RFC 9110 §9.3.2). */
export function send(response: ServerResponse, reply: OutgoingReply): void {
  const payload = reply.body === undefined ? undefined : Buffer.from(JSON.stringify(reply.body))
  const headers = Object.entries(reply.headers).filter(([, value]) => value !== undefined)
  for (const [name, value] of headers) validateHeaderValue(name, String(value))

  response.statusCode = reply.status
  for (const [name, value] of headers) response.setHeader(name, String(value))
  if (payload === undefined) {
    response.end()
    return
  }
  response.setHeader('Content-Type', reply.mediaType)
  response.setHeader('Content-Length', payload.length)
  response.end(payload)
}
