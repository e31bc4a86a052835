import type { components } from '../../generated/openapi.d.ts'
import type { NoteRow } from './notes.ts'

export type Note = components['schemas']['Note']

/** A row as the contract's Note; the columns have the names of the fields. */
export function toNote(row: NoteRow): Note {
  const { id, title, content, is_public, version, owner_id, created_at, updated_at } = row
  return { id, title, content, is_public, version, owner_id, created_at, updated_at }
}

/** The strong validator of a note (RFC 9110 §8.8.3): its version, which rises with every change. */
export function etagOf({ version }: Pick<NoteRow, 'version'>): string {
  return `"${version}"`
}
