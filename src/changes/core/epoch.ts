import { sql } from 'kysely'
import type { Database } from '../../db/database.ts'

/**
 * Identifies the physical database. It differs in a restored dump, in a copy, after a restore to an earlier point in
 * time and after a fail-over: then the log may lack changes that a reader has seen. It is the same after a restore from
 * a file-system snapshot, or of the data of the tables alone; that is what `renewEpoch` is for. After a fail-over, only
 * `min_recovery_end_timeline` is new until the first checkpoint has ended.
 */
const here = sql<string>`concat_ws('/',
  (select system_identifier from pg_control_system()),
  (select greatest(timeline_id, min_recovery_end_timeline) from pg_control_checkpoint(), pg_control_recovery()),
  (select oid from pg_database where datname = current_database()),
  to_regclass('note_changes')::oid)`

/** The epoch of the change log. Begins a new one if the old one belongs to another database. */
export async function readEpoch(db: Database): Promise<string> {
  const { rows } = await sql<{ epoch: string; origin: string; here: string }>`
    select epoch, origin, ${here} as here from change_epoch`.execute(db)
  const [row] = rows
  if (row === undefined) throw new Error('The change log has no epoch')
  if (row.origin === row.here) return row.epoch
  // Of several servers that see this at once, one begins the new epoch; the others read it.
  await sql`update change_epoch set epoch = gen_random_uuid(), origin = ${here} where origin = ${row.origin}`.execute(
    db,
  )
  return readEpoch(db)
}

/** Begins a new epoch, so that all readers start again. */
export async function renewEpoch(db: Database): Promise<void> {
  await sql`update change_epoch set epoch = gen_random_uuid(), origin = ${here}`.execute(db)
}
