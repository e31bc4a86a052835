import type { Content, OutgoingReply, ServerSentEvent } from '../../http/outgoing.ts'
import type { HandlerReply } from '../backend.ts'
import type { Operation } from '../document/operations.ts'
import type { IncomingRequest } from '../request/incoming.ts'
import type { Caller } from '../types.ts'
import { checkedEvents } from './checked-events.ts'
import { BrokenReply, type ReplyCheck } from './replies.ts'
import type { Streams } from './streams.ts'

export interface ReplyDeps {
  readonly streams: Streams
  /** What happens to a reply that breaks the contract: it becomes a 500, is only logged, or is not checked. */
  readonly replies: 'enforce' | 'log' | 'off'
  readonly onBrokenReply: (operationId: string, violations: readonly string[]) => void
  /** Called when a stream fails after its first byte. */
  readonly onStreamFailure: (operationId: string, error: unknown) => void
}

export interface CheckedReplies {
  /**
   * Makes what is sent of what a handler returned. Throws a BrokenReply for what the contract does not know, and a
   * Problem (429, 503) for a stream that may not be opened.
   */
  readonly complete: (
    reply: HandlerReply,
    incoming: IncomingRequest,
    operation: Operation,
    caller: Caller | undefined,
  ) => OutgoingReply
  /** The violations for which a reply must not be sent. */
  readonly check: (operationId: string, reply: OutgoingReply) => readonly string[]
}

export function createReplies(deps: ReplyDeps, replyCheck: ReplyCheck): CheckedReplies {
  const { heartbeats } = deps.streams
  /** With `log`, violations are reported and the reply is sent. */
  const enforced = (operationId: string, violations: () => readonly string[]): readonly string[] => {
    const found = deps.replies === 'off' ? [] : violations()
    if (deps.replies === 'enforce') return found
    if (found.length > 0) deps.onBrokenReply(operationId, found)
    return []
  }
  const check: CheckedReplies['check'] = (operationId, reply) =>
    enforced(operationId, () => replyCheck.reply(operationId, reply))

  const eventContent = (events: unknown, { abort }: IncomingRequest, operation: Operation): Content => {
    const { operationId, timeoutSeconds } = operation
    if (!isEventSource(events)) throw new Error(`The handler of ${operationId} gave no events`)
    const checked = checkedEvents(events, {
      check: (event) => refuseViolations(enforced(operationId, () => replyCheck.event(operationId, event))),
      signal: abort.signal,
      onFailure: (error) => deps.onStreamFailure(operationId, error),
    })
    const mediaType = 'text/event-stream'
    const { signal } = abort
    return { kind: 'events', mediaType, events: checked, signal, idleSeconds: timeoutSeconds, heartbeats, onEnd: noop }
  }

  return {
    check,
    complete: (reply, incoming, operation, caller) => {
      const { exchange, method, abort } = incoming
      const { operationId, responses } = operation
      if (reply === undefined) throw new Error(`The handler of ${operationId} made no reply`)
      const headers = { ...reply.headers, ...exchange.operationHeaders, 'X-Request-Id': exchange.requestId }
      const isStream = responses.get(reply.status)?.events !== undefined
      const content = isStream ? eventContent(reply.body, incoming, operation) : jsonContent(reply.body)
      const outgoing = { status: reply.status, headers, content }
      refuseViolations(check(operationId, outgoing))
      if (content?.kind !== 'events' || method === 'HEAD') return outgoing
      if (caller === undefined) throw new Error(`${operationId} is a stream and needs a caller, but is public`)
      // Only now, so that a reply that is refused takes no place.
      return { ...outgoing, content: { ...content, onEnd: deps.streams.open(caller, abort) } }
    },
  }
}

function noop(): void {
  // A reply to HEAD has no stream that could end.
}

/** The operation's types define its events, and each event is checked before it is sent. */
function isEventSource(body: unknown): body is AsyncIterable<ServerSentEvent> {
  return typeof body === 'object' && body !== null && Symbol.asyncIterator in body
}

function jsonContent(value: unknown): Content {
  return value === undefined ? undefined : { kind: 'json', mediaType: 'application/json', value }
}

function refuseViolations(violations: readonly string[]): void {
  if (violations.length > 0) throw new BrokenReply(violations)
}
