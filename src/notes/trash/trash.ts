import { type RawBuilder, sql } from 'kysely'
import { recordChanges } from '../../changes/core/record-changes.ts'
import type { Database } from '../../db/database.ts'
import type { Tx } from '../../db/transaction.ts'
import { forgetSubjects } from '../../db/idempotency.ts'
import type { Position } from '../../http/cursor.ts'
import { countUpToLimit, type ListedRow, type NotePage, readNotePage } from '../core/note-page.ts'
import type { LockedNote, NoteRow } from '../core/note-row.ts'
import { indexTags } from '../tags/tags.ts'

export interface TrashedRow extends ListedRow {
  readonly deleted_at: string
  readonly erased_after: string
}

/** Moves a note to the trash. There it is not found by its tags. */
export async function moveToTrash(tx: Tx, note: LockedNote): Promise<void> {
  const trashed = tx.updateTable('notes').set({ deleted_at: sql<string>`clock_timestamp()` })
  await trashed.where('id', '=', note.id).where('owner_id', '=', note.owner_id).execute()
  await tx.deleteFrom('note_tags').where('note_id', '=', note.id).execute()
  recordChanges(tx, note.owner_id, [{ noteId: note.id, kind: 'trash', version: note.version }])
}

/** A page of deleted notes, the last deleted first. */
export function readTrash(
  db: Database,
  ownerId: string,
  page: { readonly limit: number; readonly after: Position | undefined; readonly days: number },
): Promise<NotePage<TrashedRow>> {
  const [moment, id] = page.after ?? []
  const conditions = trashOf(ownerId)
  if (page.after !== undefined) conditions.push(sql`(deleted_at, id) < (${moment}::timestamptz, ${id}::uuid)`)
  const erasedAfter = sql`deleted_at + make_interval(days => ${page.days}) as erased_after`
  return readNotePage<TrashedRow>(db, {
    columns: [erasedAfter],
    key: sql`deleted_at`,
    isDescending: true,
    conditions,
    limit: page.limit,
    skip: 0,
    isWhole: false,
  })
}

/** How many notes are in the trash; `countLimit` for that many or more. */
export function countTrash(db: Database, ownerId: string): Promise<number> {
  return countUpToLimit(db, trashOf(ownerId))
}

function trashOf(ownerId: string): RawBuilder<unknown>[] {
  return [sql`owner_id = ${ownerId}`, sql`deleted_at is not null`]
}

export function findTrashed(db: Database, ownerId: string, noteId: string): Promise<NoteRow | undefined> {
  const trashed = db.selectFrom('notes').selectAll().where('id', '=', noteId).where('owner_id', '=', ownerId)
  return trashed.where('deleted_at', 'is not', null).executeTakeFirst()
}

/** Takes a note out of the trash. Returns undefined if it is not there. */
export async function takeFromTrash(tx: Tx, ownerId: string, noteId: string): Promise<LockedNote | undefined> {
  const row = await tx
    .updateTable('notes')
    .set({ deleted_at: null })
    .where('id', '=', noteId)
    .where('owner_id', '=', ownerId)
    .where('deleted_at', 'is not', null)
    .returningAll()
    .$castTo<LockedNote>()
    .executeTakeFirst()
  if (row === undefined) return undefined
  await indexTags(tx, row)
  recordChanges(tx, ownerId, [{ noteId: row.id, kind: 'upsert', version: row.version }])
  return row
}

/** Erases a note of the trash with its history. Returns false if it is not there. */
export async function eraseTrashed(tx: Tx, ownerId: string, noteId: string): Promise<boolean> {
  const erased = tx
    .deleteFrom('notes')
    .where('id', '=', noteId)
    .where('owner_id', '=', ownerId)
    .where('deleted_at', 'is not', null)
    .returning(['id', 'version'])
  const rows = await erased.execute()
  await afterErasing(tx, ownerId, rows)
  return rows.length > 0
}

/** Erases up to `batch` notes of the owner's trash, those deleted first, and returns how many. */
export async function eraseTrash(tx: Tx, ownerId: string, batch: number): Promise<number> {
  const { rows } = await sql<ErasedRow>`
    delete from notes where id in (
      select id from notes where owner_id = ${ownerId} and deleted_at is not null
      order by deleted_at, id limit ${batch} for update)
    and deleted_at is not null returning id, version`.execute(tx)
  await afterErasing(tx, ownerId, rows)
  return rows.length
}

/**
 * Erases up to `batch` notes of one owner that have been in the trash for longer than `days`, and returns how many; 0
 * if no note of any owner is due. Stored answers about them have expired before: the minimum is one day in the trash.
 */
export async function eraseExpired(tx: Tx, days: number, batch: number): Promise<number> {
  const isDue = sql`deleted_at < now() - make_interval(days => ${days})`
  const { rows } = await sql<ErasedRow & { readonly owner_id: string }>`
    with first as materialized (
      select owner_id from notes where ${isDue} order by deleted_at limit 1 for update skip locked
    ), due as (
      select id from notes where owner_id = (select owner_id from first) and ${isDue}
      order by deleted_at limit ${batch} for update skip locked
    )
    delete from notes using due where notes.id = due.id
    returning notes.owner_id, notes.id, notes.version`.execute(tx)
  const [erased] = rows
  if (erased !== undefined) recordErased(tx, erased.owner_id, rows)
  return rows.length
}

type ErasedRow = Pick<NoteRow, 'id' | 'version'>

async function afterErasing(tx: Tx, ownerId: string, rows: readonly ErasedRow[]): Promise<void> {
  recordErased(tx, ownerId, rows)
  const ids = rows.map(({ id }) => id)
  if (ids.length > 0) await forgetSubjects(tx, ownerId, ids)
}

function recordErased(tx: Tx, ownerId: string, rows: readonly ErasedRow[]): void {
  // The order in which a statement returns rows is chance.
  const changes = rows
    .map(({ id, version }) => ({ noteId: id, kind: 'erase' as const, version }))
    .toSorted((a, b) => (a.noteId < b.noteId ? -1 : 1))
  recordChanges(tx, ownerId, changes)
}
