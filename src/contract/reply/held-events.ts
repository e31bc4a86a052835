import type { ServerSentEvent } from '../../http/outgoing.ts'
import { BrokenReply } from './replies.ts'
import { StreamEnd, type StreamEndReason } from './streams.ts'

export interface HeldEventsOptions {
  /** Throws for an event that breaks the contract. */
  readonly check: (event: ServerSentEvent) => void
  readonly signal: AbortSignal
  /** A failure after the first byte: there is no reply left to say so, only the log. */
  readonly onFailure: (error: unknown) => void
}

/**
 * Events as they may leave the server: each is held to the contract first. A stream that the server ends says why in
 * an event `end`; without one, its client knows that the connection broke.
 */
export async function* heldEvents(
  events: AsyncIterable<ServerSentEvent>,
  { check, signal, onFailure }: HeldEventsOptions,
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

/** undefined when it was the client that left, or the events were all there are. */
function endReason(signal: AbortSignal, failed: boolean): StreamEndReason | undefined {
  const cause: unknown = signal.reason
  if (cause instanceof StreamEnd) return cause.reason
  return failed && !signal.aborted ? 'unavailable' : undefined
}
