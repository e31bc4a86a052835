import { sql } from 'kysely'
import type { Database } from '../../src/db/database.ts'

/** So many changes do not fit into the buffers between a server and a client that takes nothing. */
export const STANDSTILL = 30_000

/** Records so many changes of an account that has none yet. */
export async function fillLog(db: Database, ownerId: string, count: number): Promise<void> {
  await sql`
    insert into note_changes (owner_id, note_id, seq, kind, version, at)
    select ${ownerId}, gen_random_uuid(), n, 'erase', 1, now() from generate_series(1, ${count}::int) n`.execute(db)
  await db.insertInto('change_counters').values({ owner_id: ownerId, seq: count }).execute()
}
