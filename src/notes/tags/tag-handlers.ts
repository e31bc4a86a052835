import type { ReplyTo, Request } from '../../contract/types.ts'
import { inTransaction } from '../../db/transaction.ts'
import { refuseOutOfBounds } from '../core/bounds.ts'
import { authorOf } from '../core/note.ts'
import type { NoteDeps } from '../note-deps.ts'
import { NO_NOTE, renameTagsInBatch } from './rename-tags.ts'
import { normalTags, readTags } from './tags.ts'

/** Small enough that a statement stays far below its time-out. */
const BATCH = 200

export async function listTags(
  { db, cursors }: NoteDeps,
  { query, caller, nextPage }: Request<'listTags'>,
  reply: ReplyTo<'listTags'>,
) {
  const { limit, cursor } = query
  const listing = { ownerId: caller.userId, list: ['tags'] }
  const [after] = cursor === undefined ? [] : cursors.read(listing, cursor)
  const { rows, end } = await readTags(db, caller.userId, { limit, after })
  if (end === undefined) return reply(200, rows)
  return reply(200, rows, { Link: nextPage(cursors.make(listing, [end])) })
}

export async function renameTags(
  { db, turns, historyVersions }: NoteDeps,
  { body, caller, signal }: Request<'renameTags'>,
  reply: ReplyTo<'renameTags'>,
) {
  const [to = body.to] = normalTags([body.to])
  refuseOutOfBounds({ tags: [to] }, ['body', 'to'])
  const renaming = { ownerId: caller.userId, from: body.from, to, author: authorOf(caller), historyVersions }
  let changed = 0
  for (let last: string | undefined = NO_NOTE; last !== undefined;) {
    signal.throwIfAborted()
    const after: string = last
    const rename = () => inTransaction(db, (tx) => renameTagsInBatch(tx, renaming, after, BATCH))
    const renamed = await turns.ofMany({ ...renaming, signal }, rename)
    changed += renamed?.changed ?? 0
    last = renamed?.last
  }
  return reply(200, { tag: to, changed })
}
