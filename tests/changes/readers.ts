import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from '../../src/db/database.ts'
import { type Notice, readChanges, readNotices } from '../../src/changes/core/read-changes.ts'

/** What a reader believes: the notes, each as `kind version`. */
export type Copy = Map<string, string>

export interface Reader {
  /** Reads on until nothing is left, and returns what the reader has then. */
  readonly finish: () => Promise<Copy>
}

const PAUSE_MS = 20

/** Follows the log of one owner by pages, as a client of the feed does. */
export function followPages(db: Database, ownerId: string, limit: number): Reader {
  const copy: Copy = new Map()
  let after = 0
  const readOn = async (): Promise<boolean> => {
    const { changes, hasMore } = await readChanges(db, ownerId, { after, limit, maxBytes: 3_000 })
    for (const change of changes) {
      if (change.kind === 'upsert' && change.note?.version !== change.version)
        throw new Error('A change shows a note in another version')
      after = take(copy, change, after)
    }
    return hasMore
  }
  return follow(readOn, copy)
}

/** Follows the logs of several owners at once, as the poll of the streams does. */
export function followNotices(db: Database, owners: readonly string[], limit: number): Reader {
  const copy: Copy = new Map()
  const positions = new Map(owners.map((ownerId) => [ownerId, 0]))
  const readOn = async (): Promise<boolean> => {
    const given = [...positions].map(([ownerId, after]) => ({ ownerId, after }))
    const notices = await readNotices(db, given, limit)
    for (const notice of notices)
      positions.set(notice.owner_id, take(copy, notice, positions.get(notice.owner_id) ?? 0))
    return notices.length > 0
  }
  return follow(readOn, copy)
}

function take(copy: Copy, { seq, kind, note_id, version }: Notice, after: number): number {
  if (seq <= after) throw new Error('A change came twice or out of order')
  if (kind === 'erase') copy.delete(note_id)
  else copy.set(note_id, `${kind} ${version}`)
  return seq
}

function follow(readOn: () => Promise<boolean>, copy: Copy): Reader {
  let isFinishing = false
  const loop = async (): Promise<Copy> => {
    for (;;) {
      const isLast = isFinishing
      const hasMore = await readOn()
      if (!hasMore && isLast) return copy
      if (!hasMore) await delay(PAUSE_MS)
    }
  }
  const reading = loop()
  // It is awaited by `finish` only.
  reading.catch(() => undefined)
  return {
    finish: () => {
      isFinishing = true
      return reading
    },
  }
}

/** The notes as they are: what every reader must have in the end. */
export async function truth(db: Database, owners: readonly string[]): Promise<Copy> {
  const { rows } = await sql<{ id: string; state: string }>`
    select id, case when deleted_at is null then 'upsert ' else 'trash ' end || version as state
    from notes where owner_id = any(${owners}::uuid[])`.execute(db)
  return new Map(rows.map(({ id, state }) => [id, state]))
}

/** How many notes a reader has otherwise than they are, has not, or has although they are gone. */
export function differences(copy: Copy, actual: Copy): number {
  const ids = new Set([...copy.keys(), ...actual.keys()])
  return [...ids].filter((id) => copy.get(id) !== actual.get(id)).length
}

/** Has the database note every place that is given, for `gaps`; the log itself keeps the latest of each note only. */
export async function keepPlaces(db: Database): Promise<void> {
  await sql`create table places (owner_id uuid not null, seq bigint not null, primary key (owner_id, seq))`.execute(db)
  await sql`
    create function keep_place() returns trigger language plpgsql as $$
    begin insert into places values (new.owner_id, new.seq); return null; end $$`.execute(db)
  await sql`
    create trigger keep_place after insert or update on note_changes
    for each row execute function keep_place()`.execute(db)
}

/** How many changes were recorded, and how many places from 1 on were not given. */
export async function countPlaces(db: Database): Promise<{ readonly recorded: number; readonly gaps: number }> {
  const { rows } = await sql<{ recorded: number; gaps: number }>`
    select sum(given)::bigint as recorded, sum(c.seq - given)::bigint as gaps
    from change_counters c join (select owner_id, count(*) as given from places group by owner_id) p using (owner_id)
  `.execute(db)
  return { recorded: rows[0]?.recorded ?? 0, gaps: rows[0]?.gaps ?? 0 }
}
