import { v7 as uuidv7 } from 'uuid'
import type { ReplyTo, Request } from '../contract/types.ts'
import { type Once, once } from '../db/idempotency.ts'
import { isMissingRow } from '../db/pg-errors.ts'
import { inTransaction } from '../db/transaction.ts'
import { refuseRepeated, replayedHeader } from '../http/idempotency.ts'
import { accountGone } from '../http/unauthorized.ts'
import { refuseOutOfBounds } from './core/bounds.ts'
import { readChanges, refuseServerFields } from './editing/requested-changes.ts'
import { changeNote, lockTarget } from './core/change-note.ts'
import { authorOf, etagOf, type Note, toNote } from './core/note.ts'
import type { LockedNote } from './core/note-row.ts'
import { findNote, insertNote, insertNoteAlone } from './core/notes.ts'
import { matchesCurrent } from './core/preconditions.ts'
import { noSuchNote } from './core/refusals.ts'
import type { NoteDeps } from './note-deps.ts'
import { normalTags } from './tags/tags.ts'
import { moveToTrash } from './trash/trash.ts'

export async function createNote(
  { db, turns, addressOf }: NoteDeps,
  { body, caller, idempotency, signal }: Request<'createNote'>,
  reply: ReplyTo<'createNote'>,
) {
  const note = { id: uuidv7(), ...body, tags: normalTags(body.tags), ...authorOf(caller) }
  refuseOutOfBounds({ tags: note.tags })
  const key = { ...idempotency, subject: note.id, earlier: body }
  const writer = { ownerId: caller.userId, signal }
  const insertAlone = async (): Promise<Once<Note>> => {
    const row = await turns.ofAccount(writer, () => insertNoteAlone(db, caller.userId, note))
    if (row === undefined) throw accountGone()
    return { state: 'done', result: toNote(row) }
  }
  const insertOnce = (): Promise<Once<Note>> =>
    once(db, key, {
      effect: async (tx) => toNote(await insertNote(tx, caller.userId, note)),
      inTurn: (attempt) => turns.ofAccount(writer, attempt),
    })
  const insertion = key.key === undefined ? insertAlone() : turns.ofKey(key, signal, insertOnce)
  const { state, result } = await insertion.catch(rethrowMissingOwner)
  if (result === undefined) throw refuseRepeated(state)
  const Location = addressOf(`/notes/${result.id}`)
  return reply(201, result, { ETag: etagOf(result), Location, ...replayedHeader(state) })
}

/** The account was deleted after its credential was checked. */
function rethrowMissingOwner(error: unknown): never {
  throw isMissingRow(error) ? accountGone() : error
}

export async function getNote(
  { db }: NoteDeps,
  { path, ifNoneMatch, caller }: Request<'getNote'>,
  reply: ReplyTo<'getNote'>,
) {
  const row = await findNote(db, caller.userId, path.note_id)
  if (row === undefined) throw noSuchNote()
  if (matchesCurrent(ifNoneMatch, row)) return reply(304, undefined, { ETag: etagOf(row) })
  return reply(200, toNote(row), { ETag: etagOf(row) })
}

export async function updateNote(
  { db, turns, historyVersions }: NoteDeps,
  { path, ifMatch, body, caller, signal }: Request<'updateNote'>,
  reply: ReplyTo<'updateNote'>,
) {
  const { changes, repeated } = readChanges(body)
  const target = { ownerId: caller.userId, noteId: path.note_id, ifMatch, author: authorOf(caller), historyVersions }
  const fieldsFor = (current: LockedNote) => {
    refuseServerFields(repeated, current)
    return changes
  }
  const change = () => inTransaction(db, (tx) => changeNote(tx, target, fieldsFor))
  const row = await turns.ofNote({ ...target, signal }, path.note_id, change)
  return reply(200, toNote(row), { ETag: etagOf(row) })
}

export async function deleteNote(
  { db, turns }: NoteDeps,
  { path, ifMatch, caller, signal }: Request<'deleteNote'>,
  reply: ReplyTo<'deleteNote'>,
) {
  const target = { ownerId: caller.userId, noteId: path.note_id, ifMatch }
  const trash = () => inTransaction(db, async (tx) => moveToTrash(tx, await lockTarget(tx, target)))
  await turns.ofNote({ ...target, signal }, path.note_id, trash)
  return reply(204)
}
