import type { EntityTags } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import { Problem, validationFailed } from '../../http/problem.ts'
import type { FieldConflict } from '../editing/merge-note.ts'
import { etagOf, toNote, toRevision } from './note.ts'
import type { NoteRow } from './note-row.ts'
import { isMatch, matchedVersions } from './preconditions.ts'
import { findRevision, type RevisionRow } from '../history/revisions.ts'

export function noSuchNote(): Problem {
  return new Problem('not-found', 'There is no such note.')
}

export function noSuchRevision(): Problem {
  return new Problem('not-found', 'The note has no such version, or it is not kept any more.')
}

/** Throws the 412 if the note does not have a version that If-Match names (RFC 9110 §13.1.1). */
export async function requireMatch(db: Database, current: NoteRow, ifMatch: EntityTags | undefined): Promise<void> {
  if (isMatch(current, ifMatch)) return
  throw noteChanged(current, await findBase(db, current, ifMatch))
}

/** The latest version that If-Match names, if it is kept: the caller made the change from it. */
export async function findBase(
  db: Database,
  current: NoteRow,
  ifMatch: EntityTags | undefined,
): Promise<RevisionRow | undefined> {
  const named = (matchedVersions(ifMatch) ?? []).filter((version) => version < current.version)
  return named.length === 0 ? undefined : findRevision(db, current, Math.max(...named))
}

export function noteChanged(current: NoteRow, base: RevisionRow | undefined): Problem {
  return new Problem('note-changed', 'The note was changed since you read it.', {
    members: { current: toNote(current), ...(base === undefined ? {} : { base: toRevision(base) }) },
    headers: { ETag: etagOf(current) },
  })
}

/** `count` is the total number of overlaps; `conflicts` are the first of them. */
export function mergeConflict(
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

export function cursorAndSkip(): Problem {
  return validationFailed([
    {
      loc: ['query', 'skip'],
      pointer: '/skip',
      msg: 'Cannot be combined with cursor.',
      type: 'conflicting_parameters',
    },
  ])
}

export function mergeWithoutBase(): Problem {
  const msg = 'Is needed with on_conflict=merge, and must name the version that you changed.'
  return validationFailed([{ loc: ['header', 'If-Match'], pointer: '/If-Match', msg, type: 'missing' }])
}
