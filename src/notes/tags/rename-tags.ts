import { sql } from 'kysely'
import { recordChanges } from '../../changes/core/record-changes.ts'
import type { Tx } from '../../db/transaction.ts'
import type { Locked, NoteRow } from '../core/note-row.ts'
import type { WriteOptions } from '../core/write-note.ts'
import { keepRevisions } from '../history/revisions.ts'
import { tagKey } from './tags.ts'

export interface TagRenaming extends WriteOptions {
  readonly ownerId: string
  readonly from: readonly string[]
  readonly to: string
}

export interface RenamedBatch {
  readonly changed: number
  /** The id of the last note of this batch: where the next one begins. */
  readonly last: string
}

/** Before all ids. */
export const NO_NOTE = '00000000-0000-0000-0000-000000000000'

/**
 * Replaces tags in up to `batch` notes, in the order of their ids, beginning after the note `after`. Each note gets a
 * new version. Returns undefined if no later note has such a tag.
 */
export async function renameTagsInBatch(
  tx: Tx,
  renaming: TagRenaming,
  after: string,
  batch: number,
): Promise<RenamedBatch | undefined> {
  const { ownerId, to, author, historyVersions } = renaming
  const from = renaming.from.map(tagKey)
  const isDue = sql`owner_id = ${ownerId} and tag_key = any(${from}::text[]) and tag <> ${to}`
  const { rows: found } = await sql<{ note_id: string }>`
    select distinct note_id from note_tags where ${isDue} and note_id > ${after}
    order by note_id limit ${batch}`.execute(tx)
  const last = found.at(-1)?.note_id
  if (last === undefined) return undefined
  const { rows: locked } = await sql<Locked<Pick<NoteRow, 'id' | 'version'>>>`
    select id, version from notes where id = any(${found.map(({ note_id }) => note_id)}::uuid[]) and deleted_at is null
    order by id for update`.execute(tx)
  // Only now that they are locked is it certain which of them still have such a tag.
  const { rows: due } = await sql<{ note_id: string }>`
    select distinct note_id from note_tags
    where note_id = any(${locked.map(({ id }) => id)}::uuid[]) and ${isDue}`.execute(tx)
  if (due.length === 0) return { changed: 0, last }
  const isStillDue = new Set(due.map(({ note_id }) => note_id))
  const notes = locked.filter(({ id }) => isStillDue.has(id))
  const ids = notes.map(({ id }) => id)

  await keepRevisions(tx, notes, historyVersions)
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
  return { changed: notes.length, last }
}
