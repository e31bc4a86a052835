import { sql } from 'kysely'
import { placing, recordChanges } from '../../changes/core/record-changes.ts'
import type { Database } from '../../db/database.ts'
import { retryConflicts, type Tx } from '../../db/transaction.ts'
import type { Author, LockedNote, NoteRow } from './note-row.ts'
import { indexTags, tagKey } from '../tags/tags.ts'

export interface NewNote extends Author {
  readonly id: string
  readonly title: string
  readonly content: string
  readonly is_public: boolean
  readonly tags: readonly string[]
  readonly is_pinned: boolean
  readonly is_archived: boolean
}

export async function insertNote(tx: Tx, ownerId: string, note: NewNote): Promise<LockedNote> {
  const values = { ...note, owner_id: ownerId, tags: [...note.tags] }
  const inserted = tx.insertInto('notes').values(values).returningAll().$castTo<LockedNote>()
  const row = await inserted.executeTakeFirstOrThrow()
  if (row.tags.length > 0) await indexTags(tx, row)
  recordChanges(tx, ownerId, [{ noteId: row.id, kind: 'upsert', version: row.version }])
  return row
}

/**
 * Does the same in a transaction of its own. It is one statement, so the counter of the owner's changes is locked only
 * while it commits. The account is locked first, as its deletion does. Returns undefined if there is no such account.
 */
export function insertNoteAlone(db: Database, ownerId: string, note: NewNote): Promise<NoteRow | undefined> {
  const keys = note.tags.map(tagKey)
  return retryConflicts(async () => {
    const { rows } = await sql<NoteRow>`
      with owner as (
        select id from users where id = ${ownerId} for key share
      ), note as (
        insert into notes
          (id, owner_id, title, content, is_public, tags, is_pinned, is_archived, changed_by_kind, changed_by_id)
        select ${note.id}, owner.id, ${note.title}, ${note.content}, ${note.is_public}, ${[...note.tags]}::text[],
          ${note.is_pinned}, ${note.is_archived}, ${note.changed_by_kind}, ${note.changed_by_id}
        from owner
        returning *
      ), tagged as (
        insert into note_tags (owner_id, note_id, tag_key, tag, position)
        select owner_id, id, tag_key, tag, position
        from note, unnest(${keys}::text[], ${[...note.tags]}::text[]) with ordinality as given (tag_key, tag, position)
      ), changed as (
        select owner_id, id as note_id, 'upsert' as kind, version, 1 as place from note
      ), ${placing}
      select * from note`.execute(db)
    return rows[0]
  })
}

/** A note that is not in the trash. */
export function findNote(db: Database, ownerId: string, noteId: string): Promise<NoteRow | undefined> {
  return db
    .selectFrom('notes')
    .selectAll()
    .where('id', '=', noteId)
    .where('owner_id', '=', ownerId)
    .where('deleted_at', 'is', null)
    .executeTakeFirst()
}
