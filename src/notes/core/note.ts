import type { components } from '../../../generated/openapi.d.ts'
import type { Caller } from '../../contract/types.ts'
import type { Author, NoteRow } from './note-row.ts'
import type { RevisionRow } from '../history/revisions.ts'

type Schemas = components['schemas']
export type Note = Schemas['Note']

export function authorOf({ credential }: Caller): Author {
  return { changed_by_kind: credential.kind, changed_by_id: credential.id }
}

/** A row as the contract's Note. The columns have the names of the fields. */
export function toNote(row: NoteRow): Note {
  const { id, title, content, is_public, tags, is_pinned, is_archived, version, owner_id, created_at, updated_at } = row
  return { id, title, content, is_public, tags, is_pinned, is_archived, version, owner_id, created_at, updated_at }
}

/** The same without the content, but with the beginning of it. */
export function toNoteSummary(row: Omit<NoteRow, 'content'> & { readonly excerpt: string }): Schemas['NoteSummary'] {
  const { id, title, excerpt, size, is_public, tags, is_pinned, is_archived } = row
  const { version, owner_id, created_at, updated_at } = row
  const flags = { is_public, tags, is_pinned, is_archived }
  return { id, title, excerpt, size, ...flags, version, owner_id, created_at, updated_at }
}

/** The strong validator of a note (RFC 9110 §8.8.3): its version, which rises with every change. */
export function etagOf({ version }: Pick<NoteRow, 'version'>): string {
  return `"${version}"`
}

export function toRevision(row: RevisionRow): Schemas['Revision'] {
  const { version, title, content, is_public, tags, is_pinned, is_archived, created_at } = row
  return { version, title, content, is_public, tags, is_pinned, is_archived, created_at, created_by: toAuthor(row) }
}

export function toRevisionSummary(row: Omit<RevisionRow, 'content'>): Schemas['RevisionSummary'] {
  const { version, title, created_at } = row
  return { version, title, created_at, created_by: toAuthor(row) }
}

function toAuthor({ changed_by_kind: kind, changed_by_id: id }: Author): Schemas['Author'] {
  if ((kind !== 'session' && kind !== 'api_key') || id === null) return { kind: 'unknown' }
  return { kind, id }
}
