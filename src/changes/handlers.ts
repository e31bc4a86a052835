import { bindOperations } from '../contract/bind.ts'
import type { EventOf, ReplyTo, Request } from '../contract/types.ts'
import type { Database } from '../db/database.ts'
import type { Cursors } from '../http/cursor.ts'
import { toNote } from '../notes/core/note.ts'
import type { ChangeHub } from './change-hub.ts'
import { readEpoch } from './core/epoch.ts'
import { type Change, type Notice, readChanges, readLogState } from './core/read-changes.ts'
import { feedCursors, refuseExpired } from './places.ts'

export interface ChangeDeps {
  readonly db: Database
  readonly cursors: Cursors
  readonly changeHub: ChangeHub
}

/** The contract's 8 MiB: a page ends before its notes have more text than that. */
const PAGE_BYTES = 8 * 1024 * 1024

export async function listChanges(
  { db, cursors }: ChangeDeps,
  { query, caller, nextPage }: Request<'listChanges'>,
  reply: ReplyTo<'listChanges'>,
) {
  const feed = feedCursors(cursors, caller.userId)
  const given = query.cursor === undefined ? undefined : feed.read(query.cursor, ['query', 'cursor'])
  const epoch = await readEpoch(db)
  const limits = { after: given?.seq ?? 0, limit: query.limit, maxBytes: PAGE_BYTES }
  const { changes, hasMore, ...log } = await readChanges(db, caller.userId, limits)
  if (given !== undefined) refuseExpired(given, epoch, log)
  const seq = changes.at(-1)?.seq ?? limits.after
  const cursor = feed.make({ epoch, seq, floor: given?.floor ?? log.forgottenSeq })
  const page = { changes: changes.map(toChange), cursor, has_more: hasMore }
  return hasMore ? reply(200, page, { Link: nextPage(cursor) }) : reply(200, page)
}

export async function streamChanges(
  { db, cursors, changeHub }: ChangeDeps,
  { query, headers, caller, signal }: Request<'streamChanges'>,
  reply: ReplyTo<'streamChanges'>,
) {
  const feed = feedCursors(cursors, caller.userId)
  const given = readStart(feed, headers['Last-Event-ID'], query.cursor)
  const epoch = await readEpoch(db)
  const log = await readLogState(db, caller.userId)
  const start = given ?? { epoch, seq: log.latestSeq, floor: log.forgottenSeq }
  refuseExpired(start, epoch, log)

  const events = async function* events(): AsyncGenerator<EventOf<'streamChanges'>, void, undefined> {
    let { seq } = start
    for await (const notice of changeHub.follow(caller.userId, start, signal)) {
      if (notice !== 'ready') seq = notice.seq
      const cursor = feed.make({ ...start, seq })
      if (notice === 'ready') yield { event: 'ready', id: cursor, data: { cursor } }
      else yield { event: 'change', id: cursor, data: toNotice(notice) }
    }
  }
  return reply(200, events(), { 'X-Accel-Buffering': 'no' })
}

/** The operations on what has changed. */
export const changeHandlers = (deps: ChangeDeps) => bindOperations({ listChanges, streamChanges }, deps)

function readStart(feed: ReturnType<typeof feedCursors>, lastEventId: string | undefined, cursor: string | undefined) {
  if (lastEventId !== undefined) return feed.read(lastEventId, ['header', 'Last-Event-ID'])
  return cursor === undefined ? undefined : feed.read(cursor, ['query', 'cursor'])
}

function toNotice({ seq, kind, note_id, version, at }: Notice) {
  return { seq, kind, note_id, version, at }
}

function toChange({ note, ...change }: Change) {
  return { ...toNotice(change), ...(note !== undefined && { note: toNote(note) }) }
}
