import type { EntityTags, ReplyTo, Request } from '../../contract/types.ts'
import { inTransaction, type Tx } from '../../db/transaction.ts'
import type { MergeJob } from '../../text/jobs.ts'
import type { Done } from '../../text/text-work.ts'
import { refuseOutOfBounds } from '../core/bounds.ts'
import { authorOf, etagOf, toNote } from '../core/note.ts'
import type { NoteRow } from '../core/notes.ts'
import { isMatch, matchedVersions } from '../core/preconditions.ts'
import { findBase, mergeConflict, mergeWithoutBase, noSuchNote, noteChanged } from '../core/refusals.ts'
import { lockNote, type NoteFields, writeNote } from '../core/write-note.ts'
import type { NoteDeps } from '../note-deps.ts'
import { mergeJob, mergeNote } from './merge-note.ts'
import { readChanges } from './requested-changes.ts'

export async function patchNote(
  { db, textWork, historyVersions }: NoteDeps,
  { path, query, ifMatch, body, caller }: Request<'patchNote'>,
  reply: ReplyTo<'patchNote'>,
) {
  const changes = readChanges(body)
  const isMerging = query.on_conflict === 'merge'
  if (isMerging && matchedVersions(ifMatch) === undefined) throw mergeWithoutBase()
  const patch = async (tx: Tx, done: Done<MergeJob>): Promise<NoteRow> => {
    const current = await lockNote(tx, caller.userId, path.note_id)
    if (current === undefined) throw noSuchNote()
    const merged = isMatch(current, ifMatch)
      ? changes
      : await reconcile(tx, current, ifMatch, changes, isMerging ? done : undefined)
    return writeNote(tx, current, merged, { author: authorOf(caller), historyVersions })
  }
  const row = await textWork.whileUnchanged<MergeJob, NoteRow>(caller.userId, (done) =>
    inTransaction(db, (tx) => patch(tx, done)),
  )
  return reply(200, toNote(row), { ETag: etagOf(row) })
}

/**
 * The fields to write to a note that has changed since the caller read it. Throws the 412 unless merging (`done` is
 * undefined), and the 409 where both changes overlap.
 */
async function reconcile(
  tx: Tx,
  current: NoteRow,
  ifMatch: EntityTags | undefined,
  changes: Partial<NoteFields>,
  done: Done<MergeJob> | undefined,
): Promise<Partial<NoteFields>> {
  const base = await findBase(tx, current, ifMatch)
  if (base === undefined || done === undefined) throw noteChanged(current, base)
  const mine = { ...base, ...changes }
  const merged = mergeNote(base, mine, current, done(current.version, mergeJob(base, mine, current)))
  if (merged.changes === undefined) throw mergeConflict(current, base, merged.conflicts, merged.count)
  refuseOutOfBounds(merged.changes)
  return merged.changes
}
