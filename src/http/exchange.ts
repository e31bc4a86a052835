import type { TraceContext } from './traceparent.ts'

/** What is known of one request and its reply while it is under way. */
export interface Exchange {
  readonly requestId: string
  readonly trace?: TraceContext | undefined
  /** From the monotonic clock, in milliseconds. */
  readonly startedAt: number
  /** The path as the contract has it, such as `/notes/{note_id}`; set once the contract knows the address. */
  path?: string
  /** Set once the contract has matched the request. */
  operationId?: string
  /** Headers of every reply of that operation, failures included. */
  operationHeaders?: Readonly<Record<string, string>>
  /** The type of the problem that is sent. */
  problem?: string
  /** Whether the operation is an endpoint of OAuth 2.0, whose clients read problems in their own terms. */
  isOAuth?: boolean
}

declare global {
  namespace Express {
    /** `response.locals` of every request; `request-log.ts` puts it there before anything else runs. */
    interface Locals {
      exchange: Exchange
    }
  }
}
