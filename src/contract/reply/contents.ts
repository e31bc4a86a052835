import type { Heartbeats } from '../../http/heartbeats.ts'
import type { Content, ServerSentEvent } from '../../http/outgoing.ts'
import { createOwnTurns } from '../../http/own-turn.ts'
import type { HandlerReply } from '../backend.ts'
import type { Operation } from '../document/operations.ts'
import type { IncomingRequest } from '../request/incoming.ts'
import { checkedEvents } from './checked-events.ts'
import { checkedItems } from './checked-items.ts'
import { refuseViolations, type ReplyCheck } from './replies.ts'

type ContentOf = (reply: NonNullable<HandlerReply>, incoming: IncomingRequest, operation: Operation) => Content

export interface ContentOptions {
  readonly heartbeats: Heartbeats
  readonly replyCheck: ReplyCheck
  /** The violations for which something must not be sent. */
  readonly enforced: (operationId: string, violations: () => readonly string[]) => readonly string[]
  /** Called when a stream fails after its first byte. */
  readonly onFailure: (operationId: string, error: unknown) => void
}

/** Makes the content of a reply of what a handler gave as its body: a value, or a source of events or items. */
export function createContents({ heartbeats, replyCheck, enforced, onFailure }: ContentOptions): ContentOf {
  const ownTurn = createOwnTurns()
  const eventContent = (events: unknown, { abort }: IncomingRequest, operation: Operation): Content => {
    const { operationId, timeoutSeconds } = operation
    if (!isSource<ServerSentEvent>(events)) throw new Error(`The handler of ${operationId} gave no events`)
    const checked = checkedEvents(events, {
      check: (event) => refuseViolations(enforced(operationId, () => replyCheck.event(operationId, event))),
      signal: abort.signal,
      onFailure: (error) => onFailure(operationId, error),
    })
    const mediaType = 'text/event-stream'
    const { signal } = abort
    return { kind: 'events', mediaType, events: checked, signal, idleSeconds: timeoutSeconds, heartbeats, onEnd: noop }
  }

  const itemsContent = (
    items: AsyncIterable<unknown>,
    status: number,
    { abort: { signal } }: IncomingRequest,
    { operationId }: Operation,
  ): Content => {
    const checked = checkedItems(items, {
      check: (item, place) =>
        refuseViolations(enforced(operationId, () => replyCheck.item(operationId, status, item, place))),
      ownTurn,
      signal,
      onFailure: (error) => onFailure(operationId, error),
    })
    return { kind: 'items', mediaType: 'application/json', items: checked, signal, onEnd: noop }
  }
  return ({ body, status }, incoming, operation) => {
    if (operation.responses.get(status)?.events !== undefined) return eventContent(body, incoming, operation)
    return isSource<unknown>(body) ? itemsContent(body, status, incoming, operation) : jsonContent(body)
  }
}

function noop(): void {
  // A reply to HEAD has nothing that could end.
}

/** The operation's types define its events or items, and each is checked before it is sent. */
function isSource<T>(body: unknown): body is AsyncIterable<T> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}

function jsonContent(value: unknown): Content {
  return value === undefined ? undefined : { kind: 'json', mediaType: 'application/json', value }
}
