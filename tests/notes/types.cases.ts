/**
 * Code that must not compile. `npm run typecheck` checks this file: a case that compiles is an unused
 * `@ts-expect-error`, which is an error. Nothing here runs.
 */
import type { Database } from '../../src/db/database.ts'
import type { Tx } from '../../src/db/transaction.ts'
import { lockNote } from '../../src/notes/core/lock-note.ts'
import type { LockedNote, NoteRow } from '../../src/notes/core/note-row.ts'
import { type WriteOptions, writeNote } from '../../src/notes/core/write-note.ts'
import { keepRevision, keepRevisions } from '../../src/notes/history/revisions.ts'
import { moveToTrash } from '../../src/notes/trash/trash.ts'

declare const db: Database
declare const tx: Tx
declare const row: NoteRow
declare const locked: LockedNote
declare const options: WriteOptions

/** First what must compile, so that each case below fails for its one mistake. */
export const allowed = [
  () => lockNote(tx, row.owner_id, row.id),
  () => writeNote(tx, locked, { title: row.title }, options),
  () => moveToTrash(tx, locked),
  () => keepRevision(tx, locked, true, 1),
  () => keepRevisions(tx, [locked], 1),
]

export const refused = [
  // @ts-expect-error a lock outside of a transaction
  () => lockNote(db, row.owner_id, row.id),
  // @ts-expect-error a lock in a transaction that has no last step
  () => db.transaction().execute((transaction) => lockNote(transaction, row.owner_id, row.id)),
  // @ts-expect-error a change outside of a transaction
  () => writeNote(db, locked, { title: row.title }, options),
  // @ts-expect-error a change of a note that is not locked
  () => writeNote(tx, row, { title: row.title }, options),
  // @ts-expect-error a note that is not locked, for the trash
  () => moveToTrash(tx, row),
  // @ts-expect-error a version of a note that is not locked
  () => keepRevision(tx, row, true, 1),
  // @ts-expect-error versions of notes that are not locked
  () => keepRevisions(tx, [row]),
]
