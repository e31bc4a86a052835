/** In milliseconds. PostgreSQL times out before the client does, so that the client rarely has to drop a connection. */
const STATEMENT_TIMEOUT = 4_000
export const CLIENT_TIMEOUT = 5_000

export const limits = {
  statement_timeout: STATEMENT_TIMEOUT,
  lock_timeout: STATEMENT_TIMEOUT - 1_000,
  idle_in_transaction_session_timeout: CLIENT_TIMEOUT,
} as const
