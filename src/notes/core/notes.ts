import type { Selectable } from 'kysely'
import type { Notes } from '../../../generated/db.d.ts'
import type { Database } from '../../db/database.ts'
import type { Tx } from '../../db/transaction.ts'
import { indexTags } from '../tags/tags.ts'

export type NoteRow = Selectable<Notes>

/** Which credential wrote a version. */
export type Author = Pick<NoteRow, 'changed_by_kind' | 'changed_by_id'>

export interface NewNote extends Author {
  readonly id: string
  readonly title: string
  readonly content: string
  readonly is_public: boolean
  readonly tags: readonly string[]
  readonly is_pinned: boolean
  readonly is_archived: boolean
}

export async function insertNote(tx: Tx, ownerId: string, note: NewNote): Promise<NoteRow> {
  const values = { ...note, owner_id: ownerId, tags: [...note.tags] }
  const row = await tx.insertInto('notes').values(values).returningAll().executeTakeFirstOrThrow()
  if (row.tags.length > 0) await indexTags(tx, row)
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
