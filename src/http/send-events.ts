import type { ServerResponse } from 'node:http'
import { drained } from './drained.ts'
import type { EventContent, ServerSentEvent } from './outgoing.ts'

/**
 * Sends events as they come. We ask for the next event only while the send buffer has room, so a slow client costs no
 * memory. A client that leaves it full for `idleSeconds` is disconnected; it can resume from the last id it has.
 */
export function sendEvents(response: ServerResponse, content: EventContent): void {
  // HEAD asks for the headers only, so no event is made.
  if (response.req.method === 'HEAD') {
    content.onEnd()
    return void response.end()
  }
  // The connection ends with the stream, so that a server that stops need not wait for an idle one.
  response.shouldKeepAlive = false
  response.flushHeaders()
  void pump(response, content).finally(content.onEnd)
}

async function pump(response: ServerResponse, content: EventContent): Promise<void> {
  const { events, signal, idleSeconds, heartbeats } = content
  const stopComments = heartbeats.add(() => {
    if (!response.writableNeedDrain) response.write(':\n\n')
  })
  try {
    for await (const event of events) {
      if (response.destroyed) return
      if (!response.write(serialize(event))) await drained(response, signal, idleSeconds)
    }
    response.end()
  } catch {
    // The client is gone or too slow, or an event broke the contract, which has been logged. The status has been sent,
    // so we break the connection, and clients resume.
    response.destroy()
  } finally {
    stopComments()
  }
}

/** One event on the wire (HTML Standard §9.2.6). JSON has no line breaks of its own, so `data` is one line. */
function serialize({ event, id, data }: ServerSentEvent): string {
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
}
