import { sql } from 'kysely'
import type { LastStep, Tx } from '../../db/transaction.ts'

/** upsert: the note is there, new or changed or restored. trash: it is in the trash. erase: it is gone. */
export type ChangeKind = 'upsert' | 'trash' | 'erase'

export interface NewChange {
  readonly noteId: string
  readonly kind: ChangeKind
  readonly version: number
}

/**
 * Records changes of notes in the transaction that makes them. They get their places in the owner's log directly before
 * COMMIT; a note that changes twice in one transaction gets one place.
 */
export function recordChanges(tx: Tx, ownerId: string, changes: readonly NewChange[]): void {
  const log = tx.beforeCommit(ChangeLog)
  for (const change of changes) log.add(ownerId, change)
}

/**
 * The changes of one transaction, all of one owner. The row of the owner's counter stays locked until COMMIT, so that
 * places are committed in their order and a rollback leaves no gap. It is locked last: all writers of this owner wait
 * for it, and one that still had a note to lock could deadlock with them.
 */
class ChangeLog implements LastStep {
  readonly #changes = new Map<string, NewChange>()
  #ownerId: string | undefined

  add(ownerId: string, change: NewChange): void {
    if (this.#ownerId !== undefined && this.#ownerId !== ownerId)
      throw new Error('A transaction may change the notes of one owner only')
    this.#ownerId = ownerId
    // To the end, because a Map keeps the place of a key that it has.
    this.#changes.delete(change.noteId)
    this.#changes.set(change.noteId, change)
  }

  async run(tx: Tx): Promise<void> {
    if (this.#ownerId !== undefined) await takePlaces(tx, this.#ownerId, [...this.#changes.values()])
  }
}

async function takePlaces(tx: Tx, ownerId: string, changes: readonly NewChange[]): Promise<void> {
  const ids = changes.map(({ noteId }) => noteId)
  const kinds = changes.map(({ kind }) => kind)
  const versions = changes.map(({ version }) => version)
  await sql`
    with changed as (
      select ${ownerId}::uuid as owner_id, note_id, kind, version, place
      from unnest(${ids}::uuid[], ${kinds}::text[], ${versions}::int[])
        with ordinality as change (note_id, kind, version, place)
    ), ${placing} select`.execute(tx)
}

/**
 * The part of a statement that gives the changes of one owner their places. It follows `changed` (owner_id, note_id,
 * kind, version, place), with places from 1. The statement must be the last one before COMMIT, or the only one.
 */
export const placing = sql`
    counter as (
      insert into change_counters as c (owner_id, seq) select owner_id, count(*) from changed group by owner_id
      on conflict (owner_id) do update set seq = c.seq + excluded.seq
      returning owner_id, seq - (select count(*) from changed) as before
    ), placed as (
      insert into note_changes (owner_id, note_id, seq, kind, version, at)
      select owner_id, note_id, before + place, kind, version, clock_timestamp()
      from changed join counter using (owner_id)
      on conflict (owner_id, note_id) do update
        set seq = excluded.seq, kind = excluded.kind, version = excluded.version, at = excluded.at
    )`
