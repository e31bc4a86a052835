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

/**
 * Deletes up to `batch` old tombstones of one owner and returns how many; 0 if none of any owner is due. Records in the
 * owner's log the latest place that it lost.
 */
async function deleteTombstones(tx: Tx, batch: number): Promise<number> {
  const isDue = sql`kind = 'erase' and at < now() - make_interval(days => ${KEPT_DAYS})`
  const { rows } = await sql<{ owner_id: string; seq: number; count: number }>`
    with first as materialized (
      select owner_id from note_changes where ${isDue} order by at limit 1 for update skip locked
    ), due as (
      select owner_id, note_id from note_changes where owner_id = (select owner_id from first) and ${isDue}
      order by at limit ${batch} for update skip locked
    ), gone as (
      delete from note_changes c using due
      where c.owner_id = due.owner_id and c.note_id = due.note_id returning c.owner_id, c.seq
    )
    select owner_id, max(seq) as seq, count(*) as count from gone group by owner_id`.execute(tx)
  const [log] = rows
  if (log === undefined) return 0
  // The counter comes last, as in writers: it is locked until COMMIT, and all writers of this owner wait for it.
  const update = tx.updateTable('change_counters').where('owner_id', '=', log.owner_id)
  await update.set({ forgotten_seq: sql<number>`greatest(forgotten_seq, ${log.seq})` }).execute()
  return log.count
}
