import type { Heartbeats } from './heartbeats.ts'
import type { HeaderValues } from './problem.ts'

/** One server-sent event. A client sends its `id` as Last-Event-ID to resume after it. */
export interface ServerSentEvent {
  readonly event: string
  readonly id?: string
  readonly data: unknown
}

/** A body that is sent in one piece. */
export interface JsonContent {
  readonly kind: 'json'
  readonly mediaType: string
  readonly value: unknown
}

/** A body that is sent event by event, for as long as the client reads. */
export interface EventContent {
  readonly kind: 'events'
  readonly mediaType: string
  readonly events: AsyncIterable<ServerSentEvent>
  /** Aborted when the stream has to end. */
  readonly signal: AbortSignal
  /** A client that is behind and takes nothing for this long is disconnected. */
  readonly idleSeconds: number
  /** Say when to send a comment. */
  readonly heartbeats: Heartbeats
  /** Called once no further event will be sent. */
  readonly onEnd: () => void
}

/** The body of a reply; undefined if it has none. */
export type Content = JsonContent | EventContent | undefined

export interface OutgoingReply {
  readonly status: number
  readonly headers: HeaderValues
  readonly content: Content
}
