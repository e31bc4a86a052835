import { type ServerResponse, validateHeaderValue } from 'node:http'
import type { OutgoingReply } from './outgoing.ts'
import { cacheControlWithTag } from './security-headers.ts'
import { sendEvents } from './send-events.ts'
import { sendItems } from './send-items.ts'

/**
 * Sends a reply, or throws before any of it is sent; for an array that is sent item by item, the promise rejects then.
 * For HEAD, node itself omits the body and keeps its length (RFC 9110 §9.3.2).
 */
export function send(response: ServerResponse, reply: OutgoingReply): Promise<void> | undefined {
  const { content } = reply
  const payload = content?.kind === 'json' ? Buffer.from(JSON.stringify(content.value)) : undefined
  const headers = Object.entries(reply.headers).filter(([, value]) => value !== undefined)
  try {
    for (const [name, value] of headers) validateHeaderValue(name, String(value))
  } catch (error) {
    // The stream never begins, so it gives its place back here.
    if (content !== undefined && content.kind !== 'json') content.onEnd()
    throw error
  }

  const begin = (): void => {
    response.statusCode = reply.status
    for (const [name, value] of headers) response.setHeader(name, String(value))
    if (response.hasHeader('ETag')) response.setHeader('Cache-Control', cacheControlWithTag)
    if (content !== undefined) response.setHeader('Content-Type', content.mediaType)
  }
  if (content?.kind === 'items') return sendItems(response, content, begin)
  begin()
  if (content === undefined) response.end()
  else if (content.kind === 'events') sendEvents(response, content)
  else {
    response.setHeader('Content-Length', payload?.length ?? 0)
    response.end(payload)
  }
  return undefined
}
