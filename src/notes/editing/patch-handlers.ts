import type { EntityTags, ReplyTo, Request } from '../../contract/types.ts'
import { inTransaction, type Tx } from '../../db/transaction.ts'
import type { MergeJob } from '../../text/jobs.ts'
import type { Done } from '../../text/text-work.ts'
import { refuseOutOfBounds } from '../core/bounds.ts'
import { changeNote } from '../core/change-note.ts'
import { authorOf, etagOf, toNote, toRevision } from '../core/note.ts'
import type { NoteFields, NoteRow } from '../core/note-row.ts'
import { Problem, validationFailed } from '../../http/problem.ts'
import type { RevisionRow } from '../history/revisions.ts'
import { isMatch, namedVersions } from '../core/preconditions.ts'
import { findBase, preconditionFailed } from '../core/refusals.ts'
import type { NoteDeps } from '../note-deps.ts'
import { type FieldConflict, mergeJob, mergeNote } from './merge-note.ts'
import { readChanges, refuseServerFields, type RequestedChanges } from './requested-changes.ts'

export async function patchNote(
  { db, textWork, turns, historyVersions }: NoteDeps,
  { path, query, ifMatch, body, caller, signal }: Request<'patchNote'>,
  reply: ReplyTo<'patchNote'>,
) {
  const requested = readChanges(body)
  const isMerging = query.on_conflict === 'merge'
  if (isMerging && namedVersions(ifMatch) === undefined) throw mergeWithoutBase()
  const author = authorOf(caller)
  // When merging, a note in another version than If-Match names is no refusal yet.
  const refused = isMerging ? undefined : ifMatch
  const target = { ownerId: caller.userId, noteId: path.note_id, ifMatch: refused, author, historyVersions }
  const patch = (tx: Tx, done: Done<MergeJob>): Promise<NoteRow> =>
    changeNote(tx, target, (current) => {
      if (!isMatch(current, ifMatch)) return merge(tx, current, ifMatch, requested, done)
      refuseServerFields(requested.repeated, current)
      return requested.changes
    })
  const row = await textWork.whileUnchanged<MergeJob, NoteRow>(caller.userId, (done) =>
    turns.ofNote({ ...target, signal }, path.note_id, () => inTransaction(db, (tx) => patch(tx, done))),
  )
  return reply(200, toNote(row), { ETag: etagOf(row) })
}

/**
 * The fields to write to a note that has changed since the caller read it. Throws the 412 if the version that the
 * caller read is not kept, and the 409 where both changes overlap.
 */
async function merge(
  tx: Tx,
  current: NoteRow,
  ifMatch: EntityTags | undefined,
  { changes, repeated }: RequestedChanges,
  done: Done<MergeJob>,
): Promise<Partial<NoteFields>> {
  const base = await findBase(tx, current, ifMatch)
  if (base === undefined) throw await preconditionFailed(tx, current, ifMatch)
  refuseServerFields(repeated, current, { ...current, version: base.version, updated_at: base.created_at })
  const mine = { ...base, ...changes }
  const merged = mergeNote(base, mine, current, done(current.version, mergeJob(base, mine, current)))
  if (merged.changes === undefined) throw mergeConflict(current, base, merged.conflicts, merged.count)
  refuseOutOfBounds(merged.changes)
  return merged.changes
}

/** `count` is the total number of overlaps; `conflicts` are the first of them. */
function mergeConflict(
  current: NoteRow,
  base: RevisionRow,
  conflicts: readonly FieldConflict[],
  count: number,
): Problem {
  const places = count === 1 ? '1 place' : `${count} places`
  return new Problem('merge-conflict', `Your change and the one made since you read the note overlap in ${places}.`, {
    members: { conflicts, current: toNote(current), base: toRevision(base) },
    headers: { ETag: etagOf(current) },
  })
}

function mergeWithoutBase(): Problem {
  const msg = 'Is needed with on_conflict=merge, and must name the version that you changed.'
  return validationFailed([{ loc: ['header', 'If-Match'], pointer: '/If-Match', msg, type: 'missing' }])
}
