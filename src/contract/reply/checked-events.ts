import type { ServerSentEvent } from '../../http/outgoing.ts'
import { BrokenReply } from './replies.ts'
import { StreamEnd, type StreamEndReason } from './streams.ts'

export interface CheckedEventsOptions {
  /** Throws for an event that breaks the contract. */
  readonly check: (event: ServerSentEvent) => void
  readonly signal: AbortSignal
  /** Called for a failure after the first byte. The status has been sent by then, so it can only be logged. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Checks each event against the contract before it is sent. If the server ends the stream, a last event `end` gives the
 * reason; a client that receives none knows that the connection broke.
 */
export async function* checkedEvents(
  events: AsyncIterable<ServerSentEvent>,
  { check, signal, onFailure }: CheckedEventsOptions,
): AsyncGenerator<ServerSentEvent, void, undefined> {
  let failed = false
  try {
    for await (const event of events) {
      check(event)
      yield event
    }
  } catch (error) {
    if (!signal.aborted) onFailure(error)
    if (error instanceof BrokenReply) throw error
    failed = true
  }
  const reason = endReason(signal, failed)
  if (reason === undefined) return
  const last = { event: 'end', data: { reason } }
  check(last)
  yield last
}

/** undefined if the client left, or the handler has no more events. */
function endReason(signal: AbortSignal, failed: boolean): StreamEndReason | undefined {
  const cause: unknown = signal.reason
  if (cause instanceof StreamEnd) return cause.reason
  return failed && !signal.aborted ? 'unavailable' : undefined
}
