import { bindOperations } from '../contract/bind.ts'
import type { EventOf, ReplyTo, Request } from '../contract/types.ts'
import type { Database } from '../db/database.ts'
import type { Cursors } from '../http/cursor.ts'
import { toNote } from '../notes/core/note.ts'
import { BATCH_BYTES, PAGE_BYTES } from '../notes/core/note-page.ts'
import { type Problem, unavailable } from '../http/problem.ts'
import type { CreateGate, FairGate } from '../scheduling/fair-gate.ts'
import type { ChangeHub } from './change-hub.ts'
import { readEpoch } from './core/epoch.ts'
import { type Change, type Notice, readChanges, readLogState } from './core/read-changes.ts'
import { feedCursors, refuseExpired } from './places.ts'

export interface ChangeDeps {
  readonly db: Database
  readonly cursors: Cursors
  readonly changeHub: ChangeHub
  readonly createGate: CreateGate
}

interface BoundDeps extends ChangeDeps {
  /** For pages with much text: each is in memory as a whole, several times over, until it is sent. */
  readonly longPages: FairGate
}

const LONG_PAGES = { slots: 2, queue: 64, waitMs: 10_000 }

export async function listChanges(
  { db, cursors, longPages }: BoundDeps,
  { query, caller, nextPage, signal }: Request<'listChanges'>,
  reply: ReplyTo<'listChanges'>,
) {
  const feed = feedCursors(cursors, caller.userId)
  const given = query.cursor === undefined ? undefined : feed.read(query.cursor, ['query', 'cursor'])
  const epoch = await readEpoch(db)
  const limits = { after: given?.seq ?? 0, limit: query.limit }
  const short = await readChanges(db, caller.userId, { ...limits, maxBytes: BATCH_BYTES })
  const long = () => readChanges(db, caller.userId, { ...limits, maxBytes: PAGE_BYTES })
  const isShort = !short.hasMore || short.changes.length === limits.limit
  const { changes, hasMore, ...log } = isShort ? short : await longPages.run(long, { key: caller.userId, signal })
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

function tooManyLongPages(cause?: unknown): Problem {
  return unavailable('Too many long pages of changes are being read right now.', cause)
}

/** The operations on what has changed. */
export const changeHandlers = (deps: ChangeDeps) => {
  const longPages = deps.createGate('long-pages', { ...LONG_PAGES, busy: tooManyLongPages })
  return bindOperations<BoundDeps, 'listChanges' | 'streamChanges'>(
    { listChanges, streamChanges },
    { ...deps, longPages },
  )
}

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
