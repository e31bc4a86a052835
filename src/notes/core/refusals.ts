import type { EntityTags } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import { Problem } from '../../http/problem.ts'
import { etagOf, toNote, toRevision } from './note.ts'
import type { NoteRow } from './note-row.ts'
import { isMatch, namedVersions, weaklyNamedVersions } from './preconditions.ts'
import { findRevision, type RevisionRow } from '../history/revisions.ts'

export function noSuchNote(): Problem {
  return new Problem('not-found', 'There is no such note.')
}

/** Throws the 412 if the note does not have a version that If-Match names (RFC 9110 §13.1.1). */
export async function requireMatch(db: Database, current: NoteRow, ifMatch: EntityTags | undefined): Promise<void> {
  if (isMatch(current, ifMatch)) return
  throw await preconditionFailed(db, current, ifMatch)
}

/** The 412 for a note that If-Match does not match. */
export async function preconditionFailed(
  db: Database,
  current: NoteRow,
  ifMatch: EntityTags | undefined,
): Promise<Problem> {
  const weak = weaklyNamedVersions(ifMatch)
  if (weak.includes(current.version)) return weakTag(current)
  const named = [...(namedVersions(ifMatch) ?? []), ...weak]
  return noteChanged(current, named, await findVersion(db, current, named))
}

/** The latest version that If-Match names, if it is kept: the caller made the change from it. */
export async function findBase(
  db: Database,
  current: NoteRow,
  ifMatch: EntityTags | undefined,
): Promise<RevisionRow | undefined> {
  return findVersion(db, current, namedVersions(ifMatch) ?? [])
}

/** The latest of these versions that is older than the note. */
async function findVersion(
  db: Database,
  current: NoteRow,
  versions: readonly number[],
): Promise<RevisionRow | undefined> {
  const older = versions.filter((version) => version < current.version)
  return older.length === 0 ? undefined : findRevision(db, current, Math.max(...older))
}

/** The 412 for a note that is none of these versions. */
export function noteChanged(current: NoteRow, named: readonly number[], base: RevisionRow | undefined): Problem {
  const detail = named.some((version) => version < current.version)
    ? 'The note was changed since you read it.'
    : `The note is at version ${current.version}, and never was at a version that you named.`
  return new Problem('note-changed', detail, {
    members: { current: toNote(current), ...(base === undefined ? {} : { base: toRevision(base) }) },
    headers: { ETag: etagOf(current) },
  })
}

/** The comparison of If-Match is strong, so a weak tag matches nothing (RFC 9110 §13.1.1). */
function weakTag(current: NoteRow): Problem {
  const tag = etagOf(current)
  const detail =
    `The note is unchanged, but If-Match names it by the weak tag W/${tag}, and a weak tag matches nothing. A proxy ` +
    `that compresses replies makes tags weak. Send If-Match: ${tag}, without the W/.`
  return new Problem('weak-etag', detail, { members: { current: toNote(current) }, headers: { ETag: tag } })
}
