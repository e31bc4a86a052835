/** In milliseconds. PostgreSQL times out before the client does, so that the client rarely has to drop a connection. */
const STATEMENT_TIMEOUT = 4_000
/**
 * Short, because a transaction that waits for a lock holds a connection. Longer than PostgreSQL's `deadlock_timeout`, a
 * second, because only a deadlock that it finds is resolved and retried.
 */
const LOCK_TIMEOUT = 1_500
/** Below 5 s, so that a request over a connection that is dead has its 503 by then. */
export const CLIENT_TIMEOUT = 4_750

export const limits = {
  statement_timeout: STATEMENT_TIMEOUT,
  lock_timeout: LOCK_TIMEOUT,
  idle_in_transaction_session_timeout: CLIENT_TIMEOUT,
} as const
