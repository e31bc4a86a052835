import type { EntityTags } from '../../contract/types.ts'
import type { Tx } from '../../db/transaction.ts'
import { lockNote } from './lock-note.ts'
import type { LockedNote, NoteFields } from './note-row.ts'
import { noSuchNote, requireMatch } from './refusals.ts'
import { type WriteOptions, writeNote } from './write-note.ts'

/** Which note a request wants to change, and in which version. */
export interface Target {
  readonly ownerId: string
  readonly noteId: string
  readonly ifMatch: EntityTags | undefined
}

/** Locks the note that a request wants to change. Throws the 404, or the 412 if the note has another version. */
export async function lockTarget(tx: Tx, { ownerId, noteId, ifMatch }: Target): Promise<LockedNote> {
  const current = await lockNote(tx, ownerId, noteId)
  if (current === undefined) throw noSuchNote()
  await requireMatch(tx, current, ifMatch)
  return current
}

/** Changes one note: `change` gets the note as it is now and returns the fields to write. */
export async function changeNote(
  tx: Tx,
  target: Target & WriteOptions,
  change: (current: LockedNote) => Partial<NoteFields> | Promise<Partial<NoteFields>>,
): Promise<LockedNote> {
  const current = await lockTarget(tx, target)
  return writeNote(tx, current, await change(current), target)
}
