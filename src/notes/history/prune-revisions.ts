import { type RawBuilder, sql } from 'kysely'
import type { Tx } from '../../db/transaction.ts'

/** Deletes the oldest superseded versions of locked notes beyond `max` for each. */
export async function dropOldest(tx: Tx, noteIds: readonly string[], max: number): Promise<void> {
  if (noteIds.length === 0) return
  const { rows } = await sql<{ note_id: string }>`
    delete from note_revisions r using unnest(${noteIds}::uuid[]) as long (note_id) cross join lateral (
      select version from note_revisions where note_id = long.note_id order by version desc offset ${max} limit 1
    ) as last
    where r.note_id = long.note_id and r.version <= last.version returning r.note_id`.execute(tx)
  await dropUnusedTexts(
    tx,
    rows.map(({ note_id }) => note_id),
  )
}

/** From an age of so many hours, only the first version of each hour or day is kept. */
const TIERS = [
  { level: 1, unit: 'hour', hours: 24 },
  { level: 2, unit: 'day', hours: 30 * 24 },
] as const

/**
 * Thins versions that have reached an age: the first of each hour stays, later the first of each day. Handles up to
 * `batch` notes per age and returns how many there were.
 */
export async function thinRevisions(tx: Tx, batch: number): Promise<number> {
  let seen = 0
  for (const { level, unit, hours } of TIERS) {
    const due = sql`thinned = ${level - 1} and created_at < now() - make_interval(hours => ${hours})`
    const notes = await lockNotesWith(tx, due, batch)
    seen += notes.length
    const { rows } = await sql<{ note_id: string }>`
      with judged as (
        select note_id, version, exists (
          select from note_revisions earlier
          where earlier.note_id = due.note_id and earlier.version < due.version
            and date_trunc(${unit}, earlier.created_at) = date_trunc(${unit}, due.created_at)
        ) as is_superfluous from note_revisions due where note_id = any(${notes}::uuid[]) and ${due}
      ), kept as (
        update note_revisions r set thinned = ${level} from judged j
        where not j.is_superfluous and r.note_id = j.note_id and r.version = j.version
      )
      delete from note_revisions r using judged j
      where j.is_superfluous and r.note_id = j.note_id and r.version = j.version
      returning r.note_id`.execute(tx)
    await dropUnusedTexts(
      tx,
      rows.map(({ note_id }) => note_id),
    )
  }
  return seen
}

/** Deletes versions older than `days` of up to `batch` notes, and returns how many notes there were. */
export async function dropAged(tx: Tx, days: number, batch: number): Promise<number> {
  const due = sql`thinned = any('{0,1,2}') and created_at < now() - make_interval(days => ${days})`
  const notes = await lockNotesWith(tx, due, batch)
  await sql`delete from note_revisions where note_id = any(${notes}::uuid[]) and ${due}`.execute(tx)
  await dropUnusedTexts(tx, notes)
  return notes.length
}

/**
 * Locks notes that have such versions. The note is locked first, as its writers do, so that there is no deadlock. A
 * note that is being written, or pruned by another server, is skipped until the next time.
 */
async function lockNotesWith(tx: Tx, due: RawBuilder<unknown>, batch: number): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from notes where id in (select note_id from note_revisions where ${due} limit ${batch})
    for update skip locked`.execute(tx)
  return rows.map(({ id }) => id)
}

/** Deletes stored contents of locked notes that no version uses any more: first those that have a dictionary. */
async function dropUnusedTexts(tx: Tx, noteIds: readonly string[]): Promise<void> {
  if (noteIds.length === 0) return
  const unused = sql`note_id = any(${[...new Set(noteIds)]}::uuid[]) and not exists (
    select from note_revisions r where r.note_id = t.note_id and r.text_version = t.text_version)`
  await sql`delete from note_texts t where base_version is not null and ${unused}`.execute(tx)
  await sql`delete from note_texts t where base_version is null and ${unused} and not exists (
    select from note_texts d where d.note_id = t.note_id and d.base_version = t.text_version)`.execute(tx)
}
