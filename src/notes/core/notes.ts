import { recordChanges } from '../../changes/core/record-changes.ts'
import type { Database } from '../../db/database.ts'
import type { Tx } from '../../db/transaction.ts'
import type { Author, LockedNote, NoteRow } from './note-row.ts'
import { indexTags } from '../tags/tags.ts'

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
