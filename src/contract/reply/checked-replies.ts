import type { OutgoingReply } from '../../http/outgoing.ts'
import type { HandlerReply } from '../backend.ts'
import type { Operation } from '../document/operations.ts'
import type { IncomingRequest } from '../request/incoming.ts'
import type { Caller } from '../types.ts'
import { createContents } from './contents.ts'
import { createLongLists } from './long-lists.ts'
import { refuseViolations, type ReplyCheck } from './replies.ts'
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
  ) => OutgoingReply | Promise<OutgoingReply>
  /** The violations for which a reply must not be sent. */
  readonly check: (operationId: string, reply: OutgoingReply) => readonly string[]
}

export function createReplies(deps: ReplyDeps, replyCheck: ReplyCheck): CheckedReplies {
  const longLists = createLongLists()
  /** With `log`, violations are reported and the reply is sent. */
  const enforced = (operationId: string, violations: () => readonly string[]): readonly string[] => {
    const found = deps.replies === 'off' ? [] : violations()
    if (deps.replies === 'enforce') return found
    if (found.length > 0) deps.onBrokenReply(operationId, found)
    return []
  }
  const check: CheckedReplies['check'] = (operationId, reply) =>
    enforced(operationId, () => replyCheck.reply(operationId, reply))

  const { heartbeats } = deps.streams
  const contentOf = createContents({ heartbeats, replyCheck, enforced, onFailure: deps.onStreamFailure })

  return {
    check,
    complete: (reply, incoming, operation, caller) => {
      const { exchange, method, abort } = incoming
      const { operationId } = operation
      if (reply === undefined) throw new Error(`The handler of ${operationId} made no reply`)
      const headers = { ...reply.headers, ...exchange.operationHeaders, 'X-Request-Id': exchange.requestId }
      const content = contentOf(reply, incoming, operation)
      const outgoing = { status: reply.status, headers, content }
      refuseViolations(check(operationId, outgoing))
      if (content === undefined || content.kind === 'json' || method === 'HEAD') return outgoing
      // Only now, so that a reply that is refused takes no place.
      if (content.kind === 'items') return { ...outgoing, content: { ...content, onEnd: longLists.open(caller) } }
      if (caller === undefined) throw new Error(`${operationId} is a stream and needs a caller, but is public`)
      return deps.streams.open(caller, abort).then((onEnd) => ({ ...outgoing, content: { ...content, onEnd } }))
    },
  }
}
