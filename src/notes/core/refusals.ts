import type { EntityTags } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import { Problem } from '../../http/problem.ts'
import { etagOf, toNote, toRevision } from './note.ts'
import type { NoteRow } from './note-row.ts'
import { isMatch, namedVersions } from './preconditions.ts'
import { findRevision, type RevisionRow } from '../history/revisions.ts'

export function noSuchNote(): Problem {
  return new Problem('not-found', 'There is no such note.')
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
  const named = (namedVersions(ifMatch) ?? []).filter((version) => version < current.version)
  return named.length === 0 ? undefined : findRevision(db, current, Math.max(...named))
}

export function noteChanged(current: NoteRow, base: RevisionRow | undefined): Problem {
  return new Problem('note-changed', 'The note was changed since you read it.', {
    members: { current: toNote(current), ...(base === undefined ? {} : { base: toRevision(base) }) },
    headers: { ETag: etagOf(current) },
  })
}
