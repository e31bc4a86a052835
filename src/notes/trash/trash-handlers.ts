import type { ReplyTo, Request } from '../../contract/types.ts'
import { inTransaction } from '../../db/transaction.ts'
import { etagOf, toNote } from '../core/note.ts'
import { itemsOf, type WithContent } from '../core/page-contents.ts'
import { noSuchNote } from '../core/refusals.ts'
import type { NoteDeps } from '../note-deps.ts'
import { countTrash, eraseTrash, eraseTrashed, readTrash, takeFromTrash, type TrashedRow } from './trash.ts'

/** Small enough that a statement stays far below its time-out. */
const BATCH = 200

export async function listTrash(
  { db, cursors, trashDays }: NoteDeps,
  { query, caller, nextPage }: Request<'listTrash'>,
  reply: ReplyTo<'listTrash'>,
) {
  const { limit, cursor, count } = query
  const listing = { ownerId: caller.userId, list: ['trash'] }
  const after = cursor === undefined ? undefined : cursors.read(listing, cursor)
  const { rows, end } = await readTrash(db, caller.userId, { limit, after, days: trashDays })
  const page = itemsOf(db, caller.userId, rows, toTrashedNote)
  return reply(200, page, {
    ...(end !== undefined && { Link: nextPage(cursors.make(listing, end)) }),
    ...(count && { 'X-Total-Count': await countTrash(db, caller.userId) }),
  })
}

function toTrashedNote(row: WithContent<TrashedRow>) {
  return { ...toNote(row), deleted_at: row.deleted_at, erased_after: row.erased_after }
}

export async function emptyTrash(
  { db, turns }: NoteDeps,
  { caller, signal }: Request<'emptyTrash'>,
  reply: ReplyTo<'emptyTrash'>,
) {
  const erase = () => inTransaction(db, (tx) => eraseTrash(tx, caller.userId, BATCH))
  for (let erased = BATCH; erased === BATCH;) {
    signal.throwIfAborted()
    erased = await turns.ofMany({ ownerId: caller.userId, signal }, erase)
  }
  return reply(204)
}

export async function eraseNote(
  { db, turns }: NoteDeps,
  { path, caller, signal }: Request<'eraseNote'>,
  reply: ReplyTo<'eraseNote'>,
) {
  const erase = () => inTransaction(db, (tx) => eraseTrashed(tx, caller.userId, path.note_id))
  const isErased = await turns.ofNote({ ownerId: caller.userId, signal }, path.note_id, erase)
  if (!isErased) throw noSuchNote()
  return reply(204)
}

export async function restoreNote(
  { db, turns }: NoteDeps,
  { path, caller, signal }: Request<'restoreNote'>,
  reply: ReplyTo<'restoreNote'>,
) {
  const take = () => inTransaction(db, (tx) => takeFromTrash(tx, caller.userId, path.note_id))
  const row = await turns.ofNote({ ownerId: caller.userId, signal }, path.note_id, take)
  if (row === undefined) throw noSuchNote()
  return reply(200, toNote(row), { ETag: etagOf(row) })
}
