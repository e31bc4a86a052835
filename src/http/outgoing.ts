import type { HeaderValues } from './problem.ts'

/** One server-sent event. `id` is what a client sends back as Last-Event-ID to go on after it. */
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

/** A body that is sent event by event, for as long as its client takes them. */
export interface EventContent {
  readonly kind: 'events'
  readonly mediaType: string
  readonly events: AsyncIterable<ServerSentEvent>
  /** Aborted when the stream has to end. */
  readonly signal: AbortSignal
  /** The client is cut off when it has taken nothing for so long. */
  readonly idleSeconds: number
  /** To be called when the last event was sent, or cannot be sent any more. */
  readonly onEnd: () => void
}

/** Every kind of body that a reply can have; undefined: none. */
export type Content = JsonContent | EventContent | undefined

export interface OutgoingReply {
  readonly status: number
  readonly headers: HeaderValues
  readonly content: Content
}
