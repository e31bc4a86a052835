import type { EntityTags, ReplyTo, Request } from '../../contract/types.ts'
import { inTransaction, type Tx } from '../../db/transaction.ts'
import type { MergeJob } from '../../text/jobs.ts'
import type { Done } from '../../text/text-work.ts'
import { refuseOutOfBounds } from '../core/bounds.ts'
import { changeNote } from '../core/change-note.ts'
import { authorOf, etagOf, toNote } from '../core/note.ts'
import type { NoteFields, NoteRow } from '../core/note-row.ts'
import { isMatch, matchedVersions } from '../core/preconditions.ts'
import { findBase, mergeConflict, mergeWithoutBase, noteChanged } from '../core/refusals.ts'
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
  const author = authorOf(caller)
  // A note in another version than If-Match names is no refusal yet: reconcile decides.
  const target = { ownerId: caller.userId, noteId: path.note_id, ifMatch: undefined, author, historyVersions }
  const patch = (tx: Tx, done: Done<MergeJob>): Promise<NoteRow> =>
    changeNote(tx, target, (current) =>
      isMatch(current, ifMatch) ? changes : reconcile(tx, current, ifMatch, changes, isMerging ? done : undefined),
    )
  const row = await textWork.whileUnchanged<MergeJob, NoteRow>(caller.userId, (done) =>
    inTransaction(db, (tx) => patch(tx, done)),
  )
  return reply(200, toNote(row), { ETag: etagOf(row) })
}

/**
 * The fields to write to a note that has changed since the caller read it. Throws the 412 if it must not be
 * merged (`done` is undefined), and the 409 where both changes overlap.
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
