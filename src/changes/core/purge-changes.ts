import { sql } from 'kysely'
import type { Database } from '../../db/database.ts'
import { inTransaction, type Tx } from '../../db/transaction.ts'

/** How long tombstones are kept. A reader with an older cursor may miss one that is gone, so it must start again. */
const KEPT_DAYS = 90
const BATCH = 100

/** Deletes old tombstones in batches until none is due. Several servers may do this at once. */
export async function purgeChanges(db: Database, isStopping: () => boolean): Promise<void> {
  for (let deleted = 1; deleted > 0 && !isStopping();)
    deleted = await inTransaction(db, (tx) => deleteTombstones(tx, BATCH))
}

/** Deletes up to `batch` old tombstones and returns how many. Records in each log the latest place that it lost. */
async function deleteTombstones(tx: Tx, batch: number): Promise<number> {
  const { rows } = await sql<{ owner_id: string; seq: number; count: number }>`
    with due as (
      select owner_id, note_id from note_changes
      where kind = 'erase' and at < now() - make_interval(days => ${KEPT_DAYS})
      order by at limit ${batch} for update skip locked
    ), gone as (
      delete from note_changes c using due
      where c.owner_id = due.owner_id and c.note_id = due.note_id returning c.owner_id, c.seq
    )
    select owner_id, max(seq) as seq, count(*) as count from gone group by owner_id order by owner_id`.execute(tx)
  // The counters come last and in the order of the owners, as in writers, so that there is no deadlock.
  for (const { owner_id, seq } of rows) {
    await sql`
      update change_counters set forgotten_seq = greatest(forgotten_seq, ${seq}) where owner_id = ${owner_id}`.execute(
      tx,
    )
  }
  return rows.reduce((sum, { count }) => sum + count, 0)
}
