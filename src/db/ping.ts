import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from './database.ts'

const PATIENCE_MS = 1_000

/** Whether the database answers within a second. */
export async function ping(db: Database): Promise<boolean> {
  const patience = new AbortController()
  const answered = sql`select 1`.execute(db).then(
    () => true,
    () => false,
  )
  try {
    return await Promise.race([answered, delay(PATIENCE_MS, false, { signal: patience.signal })])
  } finally {
    patience.abort()
  }
}
