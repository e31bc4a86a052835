import { type Selectable, sql } from 'kysely'
import type { NoteChanges, Notes } from '../../../generated/db.d.ts'
import type { Database } from '../../db/database.ts'
import type { ChangeKind } from './record-changes.ts'

/** A change without the note. */
export interface Notice extends Omit<Selectable<NoteChanges>, 'owner_id' | 'kind'> {
  readonly kind: ChangeKind
}

/** One of several owners' changes. */
export interface OwnersNotice extends Notice {
  readonly owner_id: string
}

export interface Change extends Notice {
  /** The note as it is now; an upsert has it. */
  readonly note: Selectable<Notes> | undefined
}

/** What the log of an owner holds. */
export interface LogState {
  /** The latest place; 0 if nothing was recorded yet. */
  readonly latestSeq: number
  /** The latest place of a tombstone that is no longer kept. */
  readonly forgottenSeq: number
}

export interface ChangePage extends LogState {
  readonly changes: readonly Change[]
  readonly hasMore: boolean
}

/** How far a reader has come. */
export interface FeedPosition {
  /** The place of the last change that the reader has; 0 at the start. */
  readonly seq: number
  /** `forgottenSeq` when the reader started: it has no note of the tombstones that were forgotten before. */
  readonly floor: number
}

/** Whether the reader may miss a change: a tombstone is forgotten that it has not read, or the log is behind it. */
export function mustStartAgain({ seq, floor }: FeedPosition, { latestSeq, forgottenSeq }: LogState): boolean {
  return seq > latestSeq || forgottenSeq > Math.max(seq, floor)
}

/**
 * Changes after a place, in the order of their places: up to `limit`, and up to `maxBytes` of contents, but at least
 * one. A single statement reads the changes, the notes and the state of the log at the same moment.
 */
export async function readChanges(
  db: Database,
  ownerId: string,
  page: { readonly after: number; readonly limit: number; readonly maxBytes: number },
): Promise<ChangePage> {
  const { rows } = await sql<NoChange | ChangeRow>`
    select counter.*, page.*
    from (
      select coalesce(max(seq), 0) as latest_seq, coalesce(max(forgotten_seq), 0) as forgotten_seq
      from change_counters where owner_id = ${ownerId}
    ) counter
    left join (
      select c.seq, c.kind, c.note_id, c.version as change_version, c.at, n.*, count(*) over () as listed,
        row_number() over (order by c.seq) as place, sum(octet_length(n.content)) over (order by c.seq) as bytes
      from (
        select * from note_changes
        where owner_id = ${ownerId} and seq > ${page.after} order by seq limit ${page.limit + 1}
      ) c
      left join notes n on c.kind = 'upsert' and n.id = c.note_id and n.deleted_at is null
    ) page on place <= ${page.limit} and (place = 1 or bytes is null or bytes <= ${page.maxBytes})
    order by page.seq`.execute(db)
  const [first] = rows
  if (first === undefined) throw new Error('A statement that always returns a row returned none')
  const changes = rows.flatMap((row) => (row.seq === null ? [] : [toChange(row)]))
  const hasMore = changes.length < (first.listed ?? 0)
  return { changes, hasMore, latestSeq: first.latest_seq, forgottenSeq: first.forgotten_seq }
}

/** A place in the log of one of several owners. */
export interface OwnersPlace {
  readonly ownerId: string
  readonly after: number
}

/** Changes without notes, for several owners at once: up to `limit` for each, in the order of their places. */
export async function readNotices(
  db: Database,
  positions: readonly OwnersPlace[],
  limit: number,
): Promise<OwnersNotice[]> {
  const owners = positions.map(({ ownerId }) => ownerId)
  const places = positions.map(({ after }) => after)
  const { rows } = await sql<OwnersNotice>`
    select c.owner_id, c.seq, c.kind, c.note_id, c.version, c.at
    from unnest(${owners}::uuid[], ${places}::bigint[]) as reader (owner_id, after)
    cross join lateral (
      select * from note_changes where owner_id = reader.owner_id and seq > reader.after order by seq limit ${limit}
    ) c
    order by c.owner_id, c.seq`.execute(db)
  return rows
}

/** What the log of an owner holds; zeros if nothing was recorded yet. */
export async function readLogState(db: Database, ownerId: string): Promise<LogState> {
  const counter = db.selectFrom('change_counters').select(['seq', 'forgotten_seq']).where('owner_id', '=', ownerId)
  const { seq = 0, forgotten_seq = 0 } = (await counter.executeTakeFirst()) ?? {}
  return { latestSeq: seq, forgottenSeq: forgotten_seq }
}

/** A row of readChanges, whose other half are the columns of the note. All of it is null if there is no change. */
interface ChangeColumns {
  readonly latest_seq: number
  readonly forgotten_seq: number
  readonly seq: number
  readonly kind: ChangeKind
  readonly note_id: string
  readonly change_version: number
  readonly at: string
  readonly listed: number
}
type NoChange = Pick<ChangeColumns, 'latest_seq' | 'forgotten_seq'> & { readonly seq: null; readonly listed: null }
type ChangeRow = ChangeColumns & (Selectable<Notes> | { readonly id: null })

function toChange(row: ChangeRow): Change {
  const { seq, kind, note_id, change_version: version, at } = row
  if (row.id !== null) return { seq, kind, note_id, version, at, note: row }
  // A server from before the change log, in a rolling upgrade, may have removed the note without recording it.
  return { seq, kind: kind === 'upsert' ? 'erase' : kind, note_id, version, at, note: undefined }
}
