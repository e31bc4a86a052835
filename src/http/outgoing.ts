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

/** A JSON array that is sent item by item, as the client reads it, so that it costs no more memory than one item. */
export interface ItemsContent {
  readonly kind: 'items'
  readonly mediaType: string
  readonly items: AsyncIterable<unknown>
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal
  /** Called once no further item will be sent. */
  readonly onEnd: () => void
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
export type Content = JsonContent | ItemsContent | EventContent | undefined

export interface OutgoingReply {
  readonly status: number
  readonly headers: HeaderValues
  readonly content: Content
}
