import type { ServerResponse } from 'node:http'
import type { HeaderValues } from './problem.ts'

export interface OutgoingReply {
  readonly status: number
  readonly headers: HeaderValues
  /** undefined for a reply without a body. */
  readonly body: unknown
  readonly mediaType: string
}

/** Writes a whole reply. For HEAD, node leaves the body out by itself and keeps its length (RFC 9110 §9.3.2). */
export function send(response: ServerResponse, reply: OutgoingReply): void {
  response.statusCode = reply.status
  for (const [name, value] of Object.entries(reply.headers)) {
    if (value !== undefined) response.setHeader(name, String(value))
  }
  if (reply.body === undefined) {
    response.end()
    return
  }
  const payload = Buffer.from(JSON.stringify(reply.body))
  response.setHeader('Content-Type', reply.mediaType)
  response.setHeader('Content-Length', payload.length)
  response.end(payload)
}
