import { isDeepStrictEqual } from 'node:util'
import { sql } from 'kysely'
import type { Tx } from '../../db/transaction.ts'
import type { Author, NoteRow } from './notes.ts'
import { keepRevision } from '../history/revisions.ts'
import { indexTags } from '../tags/tags.ts'

/** The fields of a note that have a history. */
export type NoteFields = Pick<NoteRow, (typeof noteFields)[number]>

export const noteFields = ['title', 'content', 'is_public', 'tags', 'is_pinned', 'is_archived'] as const

/** What differs between two versions of a note. */
export function changedFields(before: NoteFields, after: NoteFields): (typeof noteFields)[number][] {
  return noteFields.filter((name) => !isDeepStrictEqual(before[name], after[name]))
}

/** Reads a note that is not in the trash and holds it until the transaction ends: writers of one note take turns. */
export function lockNote(tx: Tx, ownerId: string, noteId: string): Promise<NoteRow | undefined> {
  return tx
    .selectFrom('notes')
    .selectAll()
    .where('id', '=', noteId)
    .where('owner_id', '=', ownerId)
    .where('deleted_at', 'is', null)
    .forUpdate()
    .executeTakeFirst()
}

/**
 * The one way in which a note changes. The version before goes into the history in the same transaction; when
 * everything is as it was, nothing is written. The note must be locked.
 */
export async function writeNote(
  tx: Tx,
  current: NoteRow,
  changes: Partial<NoteFields>,
  by: { readonly author: Author; readonly historyVersions: number },
): Promise<NoteRow> {
  const changed = changedFields(current, { ...current, ...changes })
  if (changed.length === 0) return current
  const isTextReplaced = changed.includes('content')
  await keepRevision(tx, current, isTextReplaced, by.historyVersions)
  const row = await tx
    .updateTable('notes')
    .set(Object.fromEntries(changed.map((name) => [name, changes[name]])))
    .set({ ...by.author, version: sql<number>`version + 1`, updated_at: sql<string>`clock_timestamp()` })
    .$if(isTextReplaced, (update) => update.set({ text_version: sql<number>`version + 1` }))
    .where('id', '=', current.id)
    .where('owner_id', '=', current.owner_id)
    .returningAll()
    .executeTakeFirstOrThrow()
  if (changed.includes('tags')) await indexTags(tx, row)
  return row
}
