import type { Database } from '../db/database.ts'
import { inTransaction, type Tx } from '../db/transaction.ts'
import { forgetExpired } from '../db/idempotency.ts'
import { dropAged, thinRevisions } from './history/prune-revisions.ts'
import { eraseExpired } from './trash/trash.ts'

export interface HousekeepingLimits {
  readonly trashDays: number
  readonly historyDays: number
}

/** Small, so that a batch takes milliseconds. It holds one connection and skips notes that are being written. */
const BATCH = 100

/**
 * Erases notes that have been in the trash for too long, thins histories, and deletes versions that are too old and
 * keys that have expired, batch after batch until nothing is due. Several servers may do this at once.
 */
export async function purgeNotes(
  db: Database,
  { trashDays, historyDays }: HousekeepingLimits,
  isStopping: () => boolean,
): Promise<void> {
  const jobs = [
    (tx: Tx) => forgetExpired(tx, BATCH),
    (tx: Tx) => eraseExpired(tx, trashDays, BATCH),
    (tx: Tx) => dropAged(tx, historyDays, BATCH),
    (tx: Tx) => thinRevisions(tx, BATCH),
  ]
  for (const job of jobs) {
    for (let done = 1; done > 0 && !isStopping();) done = await inTransaction(db, job)
  }
}
