import { sql } from 'kysely'
import { recordChanges } from '../../changes/core/record-changes.ts'
import type { Tx } from '../../db/transaction.ts'
import type { Author, Locked, NoteRow } from '../core/note-row.ts'
import { keepRevisions } from '../history/revisions.ts'
import { tagKey } from './tags.ts'

export interface TagRenaming {
  readonly ownerId: string
  readonly from: readonly string[]
  readonly to: string
  readonly author: Author
}

/** Replaces tags in up to `batch` notes, each of which gets a new version, and returns how many notes it changed. */
export async function renameTagsInBatch(tx: Tx, renaming: TagRenaming, batch: number): Promise<number> {
  const { ownerId, to, author } = renaming
  const from = renaming.from.map(tagKey)
  const isDue = sql`owner_id = ${ownerId} and tag_key = any(${from}::text[]) and tag <> ${to}`
  const { rows: locked } = await sql<Locked<Pick<NoteRow, 'id'>>>`
    select id from notes where deleted_at is null
      and id in (select note_id from note_tags where ${isDue} order by note_id limit ${batch})
    order by id for update`.execute(tx)
  // Only now that they are locked is it certain which of them still have such a tag.
  const { rows: due } = await sql<{ note_id: string }>`
    select distinct note_id from note_tags
    where note_id = any(${locked.map(({ id }) => id)}::uuid[]) and ${isDue}`.execute(tx)
  if (due.length === 0) return 0
  const isStillDue = new Set(due.map(({ note_id }) => note_id))
  const notes = locked.filter(({ id }) => isStillDue.has(id))
  const ids = notes.map(({ id }) => id)

  await keepRevisions(tx, notes)
  const { rows: places } = await sql<{ note_id: string; position: number }>`
    with gone as (
      delete from note_tags where note_id = any(${ids}::uuid[]) and tag_key = any(${from}::text[])
      returning note_id, position)
    select note_id, min(position) as position from gone group by note_id`.execute(tx)
  const placed = sql`unnest(
    ${places.map(({ note_id }) => note_id)}::uuid[], ${places.map(({ position }) => position)}::smallint[])`
  await sql`
    insert into note_tags (owner_id, tag_key, note_id, tag, position)
    select ${ownerId}, ${tagKey(to)}, note_id, ${to}, position from ${placed} as place (note_id, position)
    on conflict (owner_id, tag_key, note_id) do update set tag = excluded.tag`.execute(tx)
  const { rows: changed } = await sql<Pick<NoteRow, 'id' | 'version'>>`
    update notes set version = version + 1, updated_at = clock_timestamp(),
      changed_by_kind = ${author.changed_by_kind}, changed_by_id = ${author.changed_by_id},
      tags = array(select tag from note_tags t where t.note_id = notes.id order by position, tag_key)
    where id = any(${ids}::uuid[]) returning id, version`.execute(tx)
  recordChanges(
    tx,
    ownerId,
    changed.map(({ id, version }) => ({ noteId: id, kind: 'upsert', version })),
  )
  return notes.length
}
