import { isDeepStrictEqual } from 'node:util'
import { sql } from 'kysely'
import { recordChanges } from '../../changes/core/record-changes.ts'
import type { Tx } from '../../db/transaction.ts'
import { keepRevision } from '../history/revisions.ts'
import { indexTags } from '../tags/tags.ts'
import { type Author, type LockedNote, type NoteFields, noteFields } from './note-row.ts'

/** Who writes, and how much of the history stays. */
export interface WriteOptions {
  readonly author: Author
  /** The maximum number of superseded versions that the note keeps. */
  readonly historyVersions: number
}

/** The names of the fields that differ between two versions of a note. */
export function changedFields(before: NoteFields, after: NoteFields): (typeof noteFields)[number][] {
  return noteFields.filter((name) => !isDeepStrictEqual(before[name], after[name]))
}

/**
 * Every change of a note's fields goes through this function, except the renaming of tags, which changes many notes at
 * once. The superseded version goes into the history in the same transaction. If no field changes, nothing is written.
 */
export async function writeNote(
  tx: Tx,
  current: LockedNote,
  changes: Partial<NoteFields>,
  { author, historyVersions }: WriteOptions,
): Promise<LockedNote> {
  const changed = changedFields(current, { ...current, ...changes })
  if (changed.length === 0) return current
  const isTextReplaced = changed.includes('content')
  await keepRevision(tx, current, isTextReplaced, historyVersions)
  const row = await tx
    .updateTable('notes')
    .set(Object.fromEntries(changed.map((name) => [name, changes[name]])))
    .set({ ...author, version: sql<number>`version + 1`, updated_at: sql<string>`clock_timestamp()` })
    .$if(isTextReplaced, (update) => update.set({ text_version: sql<number>`version + 1` }))
    .where('id', '=', current.id)
    .where('owner_id', '=', current.owner_id)
    .returningAll()
    .$castTo<LockedNote>()
    .executeTakeFirstOrThrow()
  if (changed.includes('tags')) await indexTags(tx, row)
  recordChanges(tx, row.owner_id, [{ noteId: row.id, kind: 'upsert', version: row.version }])
  return row
}
