import { type Selectable, sql } from 'kysely'
import type { Notes } from '../../generated/db.d.ts'
import type { Database } from '../db/database.ts'

export type NoteRow = Selectable<Notes>

export interface NewNote {
  readonly id: string
  readonly title: string
  readonly content: string
  readonly is_public: boolean
}

export type NoteChanges = Partial<Pick<NoteRow, 'title' | 'content' | 'is_public'>>

/** Where a page begins: after this note, in the order newest first. */
export interface Position {
  readonly created_at: string
  readonly id: string
}

/** Notes of one owner, newest first. One more than `limit` tells that there is another page. */
export function listNotes(
  db: Database,
  ownerId: string,
  page: { readonly limit: number; readonly after: Position | undefined; readonly skip: number },
): Promise<NoteRow[]> {
  const { after } = page
  const notes = db.selectFrom('notes').selectAll().where('owner_id', '=', ownerId)
  const rest =
    after === undefined ? notes : notes.where(sql<boolean>`(created_at, id) < (${after.created_at}::timestamptz, ${after.id}::uuid)`)
  return rest.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(page.limit).offset(page.skip).execute()
}

export function insertNote(db: Database, ownerId: string, note: NewNote): Promise<NoteRow> {
  return db
    .insertInto('notes')
    .values({ ...note, owner_id: ownerId })
    .returningAll()
    .executeTakeFirstOrThrow()
}

export function findNote(db: Database, ownerId: string, noteId: string): Promise<NoteRow | undefined> {
  return db.selectFrom('notes').selectAll().where('id', '=', noteId).where('owner_id', '=', ownerId).executeTakeFirst()
}

/** Changes a note if it is one of `versions` (any, when undefined); the database decides who was first. */
export function changeNote(
  db: Database,
  ownerId: string,
  noteId: string,
  versions: readonly number[] | undefined,
  changes: NoteChanges,
): Promise<NoteRow | undefined> {
  return db
    .updateTable('notes')
    .set({ ...changes, version: sql<number>`version + 1`, updated_at: sql<string>`clock_timestamp()` })
    .where('id', '=', noteId)
    .where('owner_id', '=', ownerId)
    .$if(versions !== undefined, (update) => update.where(sql<boolean>`version = any(${versions}::int[])`))
    .returningAll()
    .executeTakeFirst()
}

/** Answers whether a note was deleted; `versions` as in changeNote. */
export async function removeNote(db: Database, ownerId: string, noteId: string, versions: readonly number[] | undefined): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('notes')
    .where('id', '=', noteId)
    .where('owner_id', '=', ownerId)
    .$if(versions !== undefined, (remove) => remove.where(sql<boolean>`version = any(${versions}::int[])`))
    .executeTakeFirst()
  return numDeletedRows > 0n
}
