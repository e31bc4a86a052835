import type { IncomingMessage } from 'node:http'
import { Problem } from './problem.ts'

/**
 * Reads a request body of up to `limit` bytes. The limit is checked while receiving, whatever Content-Length says.
 * Compressed bodies are refused, so that a small body cannot become a large one.
 */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  const encoding = request.headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new Problem('unsupported-media-type', 'Compressed bodies are not accepted; send the body as it is.')
  }
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limit) throw tooLarge(limit, announced)

  const chunks: Buffer[] = []
  let size = 0
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length
      if (size > limit) throw tooLarge(limit)
      chunks.push(chunk)
    }
  } catch (error) {
    if (error instanceof Problem) throw error
    throw new Problem('malformed-request', 'The body ended before it was complete.', { cause: error })
  }
  return Buffer.concat(chunks, size)
}

/** We do not read the rest of the body, so the connection ends with the reply. */
function tooLarge(limit: number, announced?: number): Problem {
  const headers = { Connection: 'close' }
  const found = announced === undefined ? '' : `, and has ${announced}`
  return new Problem('body-too-large', `The body may have at most ${limit} bytes${found}.`, { headers })
}

/** Whether a request announces a body (RFC 9112 §6.3). */
export function hasBody(request: IncomingMessage): boolean {
  return request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0
}
