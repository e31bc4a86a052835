/** What is known of one request and its answer while it is under way. */
export interface Exchange {
  readonly requestId: string
  /** From the monotonic clock, in milliseconds. */
  readonly startedAt: number
  /** Set once the contract has matched the request. */
  operationId?: string
  /** What every reply of that operation carries, a failure too. */
  operationHeaders?: Readonly<Record<string, string>>
  /** The cause of a 5xx, once the error handler has logged it. */
  failure?: unknown
}

declare global {
  namespace Express {
    /** `response.locals` of every request; `request-log.ts` puts it there before anything else runs. */
    interface Locals {
      exchange: Exchange
    }
  }
}
