import type { Selectable } from 'kysely'
import type { Notes } from '../../../generated/db.d.ts'

export type NoteRow = Selectable<Notes>

/** Which credential wrote a version. */
export type Author = Pick<NoteRow, 'changed_by_kind' | 'changed_by_id'>

/** The fields of a note that have a history. */
export const noteFields = ['title', 'content', 'is_public', 'tags', 'is_pinned', 'is_archived'] as const

export type NoteFields = Pick<NoteRow, (typeof noteFields)[number]>

declare const locked: unique symbol

/** Columns of a note whose row this transaction has locked: only such a note may be changed. */
export type Locked<T> = Readonly<T> & { readonly [locked]: true }
export type LockedNote = Locked<NoteRow>
