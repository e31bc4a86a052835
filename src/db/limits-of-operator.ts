import { sql } from 'kysely'
import type { Tx } from './transaction.ts'

/**
 * Lifts the time limits of requests for the rest of this transaction, in which an operator erases or counts much. The
 * connection has to be patient too. A lock is still not waited for without end, and neither is an operator who has
 * stopped reading: an open transaction keeps PostgreSQL from cleaning up.
 */
export async function liftLimits(tx: Tx): Promise<void> {
  await sql`select set_config('statement_timeout', '0', true), set_config('lock_timeout', '60s', true),
    set_config('idle_in_transaction_session_timeout', '10min', true)`.execute(tx)
}
