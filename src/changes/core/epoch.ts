import { sql } from 'kysely'
import type { Database } from '../../db/database.ts'

/**
 * Identifies the physical database. It changes after a dump is restored, after a copy, after a point-in-time recovery
 * and after a fail-over: whenever the log may lack changes that a reader has seen. It stays the same after a restore
 * from a file-system snapshot; `renewEpoch` is for that.
 */
const here = sql<string>`concat_ws('/',
  (select system_identifier from pg_control_system()),
  (select timeline_id from pg_control_checkpoint()),
  (select oid from pg_database where datname = current_database()),
  to_regclass('note_changes')::oid)`

/** The epoch of the change log. Begins a new one if this is not the database that the old one belongs to. */
export async function readEpoch(db: Database): Promise<string> {
  const { rows } = await sql<{ epoch: string; origin: string; here: string }>`
    select epoch, origin, ${here} as here from change_epoch`.execute(db)
  const [row] = rows
  if (row === undefined) throw new Error('The change log has no epoch')
  if (row.origin === row.here) return row.epoch
  // If several servers see this at once, one begins the new epoch, and the others read it.
  await sql`update change_epoch set epoch = gen_random_uuid(), origin = ${here} where origin = ${row.origin}`.execute(
    db,
  )
  return readEpoch(db)
}

/** Begins a new epoch, so that all readers start again. */
export async function renewEpoch(db: Database): Promise<void> {
  await sql`update change_epoch set epoch = gen_random_uuid(), origin = ${here}`.execute(db)
}
