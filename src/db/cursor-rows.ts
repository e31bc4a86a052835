import { type RawBuilder, sql } from 'kysely'
import type { Tx } from './transaction.ts'

const BATCH = 500

/**
 * The rows of a statement without parameters, in batches. PostgreSQL keeps what is not yet read, so any number of rows
 * costs this process the memory of one batch.
 */
export async function* cursorRows<T>(tx: Tx, statement: RawBuilder<T>): AsyncGenerator<readonly T[]> {
  await sql`declare listed no scroll cursor for ${statement}`.execute(tx)
  for (;;) {
    const { rows } = await sql<T>`fetch ${sql.lit(BATCH)} from listed`.execute(tx)
    yield rows
    if (rows.length < BATCH) return
  }
}
