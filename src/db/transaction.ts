import { setTimeout as delay } from 'node:timers/promises'
import type { Transaction } from 'kysely'
import type { DB } from '../../generated/db.d.ts'
import type { Database } from './database.ts'
import { isSerializationConflict } from './pg-errors.ts'

export type Tx = Transaction<DB>

const MOST_RETRIES = 3
const LONGEST_PAUSE_MS = 50

/**
 * Runs `work` in a transaction. PostgreSQL may end one for the sake of another (40001, 40P01); then the whole of it
 * runs again, at most three times. Nothing else is tried again, least of all a COMMIT whose outcome is unknown.
 */
export async function inTransaction<T>(db: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  for (let retries = 0; ; retries += 1) {
    try {
      return await db.transaction().execute(work)
    } catch (error) {
      if (retries === MOST_RETRIES || !isSerializationConflict(error)) throw error
      await delay(Math.random() * LONGEST_PAUSE_MS * (retries + 1))
    }
  }
}
