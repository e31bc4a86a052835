import { bindOperations } from '../contract/bind.ts'
import type { EventOf, ReplyTo, Request } from '../contract/types.ts'
import type { Database } from '../db/database.ts'
import type { Cursors } from '../http/cursor.ts'
import { toNote } from '../notes/core/note.ts'
import type { ChangeHub } from './change-hub.ts'
import { type Change, type Notice, readChanges, readFeed } from './core/read-changes.ts'
import { feedCursors, refuseExpired } from './places.ts'

export interface ChangeDeps {
  readonly db: Database
  readonly cursors: Cursors
  readonly changeHub: ChangeHub
}

/** The contract's 8 MiB: a page ends when its notes have more text than that. */
const PAGE_BYTES = 8 * 1024 * 1024

export async function listChanges(
  { db, cursors }: ChangeDeps,
  { query, caller, nextPage }: Request<'listChanges'>,
  reply: ReplyTo<'listChanges'>,
) {
  const ownCursors = feedCursors(cursors, caller.userId)
  const given = query.cursor === undefined ? undefined : ownCursors.read(query.cursor, ['query', 'cursor'])
  const after = given?.after ?? 0
  const page = await readChanges(db, caller.userId, { after, limit: query.limit, maxBytes: PAGE_BYTES })
  // Read after the changes: what is forgotten meanwhile is an error, and not a gap.
  const feed = await readFeed(db, caller.userId)
  if (given !== undefined) refuseExpired(given, feed)
  const cursor = ownCursors.make({ epoch: feed.epoch, after: page.changes.at(-1)?.seq ?? after })
  const body = { changes: page.changes.map(toChange), cursor, has_more: page.hasMore }
  return page.hasMore ? reply(200, body, { Link: nextPage(cursor) }) : reply(200, body)
}

export async function streamChanges(
  { db, cursors, changeHub }: ChangeDeps,
  { query, headers, caller, signal }: Request<'streamChanges'>,
  reply: ReplyTo<'streamChanges'>,
) {
  const ownCursors = feedCursors(cursors, caller.userId)
  const feed = await readFeed(db, caller.userId)
  const place = readStart(ownCursors, headers['Last-Event-ID'], query.cursor) ?? { epoch: feed.epoch, after: feed.seq }
  refuseExpired(place, feed)

  const events = async function* events(): AsyncGenerator<EventOf<'streamChanges'>, void, undefined> {
    let { after } = place
    for await (const notice of changeHub.follow(caller.userId, after, signal)) {
      if (notice !== 'ready') after = notice.seq
      const cursor = ownCursors.make({ epoch: place.epoch, after })
      if (notice === 'ready') yield { event: 'ready', id: cursor, data: { cursor } }
      else yield { event: 'change', id: cursor, data: toNotice(notice) }
    }
  }
  return reply(200, events(), { 'X-Accel-Buffering': 'no' })
}

/** The operations on what has changed. */
export const changeHandlers = (deps: ChangeDeps) => bindOperations({ listChanges, streamChanges }, deps)

function readStart(
  ownCursors: ReturnType<typeof feedCursors>,
  lastEventId: string | undefined,
  cursor: string | undefined,
) {
  if (lastEventId !== undefined) return ownCursors.read(lastEventId, ['header', 'Last-Event-ID'])
  return cursor === undefined ? undefined : ownCursors.read(cursor, ['query', 'cursor'])
}

function toNotice({ seq, kind, note_id, version, at }: Notice) {
  return { seq, kind, note_id, version, at }
}

function toChange({ note, ...change }: Change) {
  return { ...toNotice(change), ...(note !== undefined && { note: toNote(note) }) }
}
