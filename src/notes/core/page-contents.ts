import { sql } from 'kysely'
import type { Database } from '../../db/database.ts'
import { findRevision } from '../history/revisions.ts'
import { BATCH_BYTES, type ListedRow } from './note-page.ts'
import type { NoteRow } from './note-row.ts'

/** A note of a page with its content. */
export type WithContent<Row> = Omit<Row, 'content'> & { readonly content: string }

/**
 * The notes of a page as the contract has them: an array if their contents were read with the page, otherwise a stream,
 * which is sent as the client reads it.
 */
export function itemsOf<Row extends ListedRow, Item>(
  db: Database,
  ownerId: string,
  rows: readonly Row[],
  toItem: (row: WithContent<Row>) => Item,
): Item[] | AsyncIterable<Item> {
  const notes = rows.flatMap((row) => (row.content === null ? [] : [{ ...row, content: row.content }]))
  return notes.length === rows.length ? notes.map(toItem) : streamItems(withContents(db, ownerId, rows), toItem)
}

async function* streamItems<Row, Item>(rows: AsyncIterable<Row>, toItem: (row: Row) => Item) {
  for await (const row of rows) yield toItem(row)
}

/**
 * The notes of a page, each with its content. Contents are read in batches, each by a statement of its own when its
 * turn comes: so no transaction and no connection is held while a slow client reads. All else is as it was when the
 * page was read. A content that was replaced since comes from the history, so it belongs to the version that the page
 * shows; if the history does not keep it, the note is shown as it is now. A note that was erased since is left out.
 */
async function* withContents<Row extends ListedRow>(
  db: Database,
  ownerId: string,
  rows: readonly Row[],
): AsyncGenerator<WithContent<Row>, void, undefined> {
  for (const batch of batchesOf(rows)) {
    const contents = await readContents(db, ownerId, batch)
    for (const row of batch) {
      const content = row.content ?? contents.get(row.id)
      const note = content === undefined ? await replaced(db, ownerId, row) : { ...row, content }
      if (note !== undefined) yield note
    }
  }
}

/** Consecutive notes with up to BATCH_BYTES of text, or a single one with more. */
function batchesOf<Row extends ListedRow>(rows: readonly Row[]): Row[][] {
  const batches: Row[][] = []
  let room = 0
  for (const row of rows) {
    const batch = batches.at(-1)
    room -= row.content_bytes
    if (batch !== undefined && room >= 0) {
      batch.push(row)
      continue
    }
    batches.push([row])
    room = BATCH_BYTES - row.content_bytes
  }
  return batches
}

/** The contents of those notes whose content is still the one that was listed, by id. */
async function readContents(db: Database, ownerId: string, page: readonly ListedRow[]): Promise<Map<string, string>> {
  const rows = page.filter(({ content }) => content === null)
  if (rows.length === 0) return new Map()
  const ids = rows.map(({ id }) => id)
  const versions = rows.map(({ text_version }) => text_version)
  const { rows: found } = await sql<Pick<NoteRow, 'id' | 'content'>>`
    select id, content from unnest(${ids}::uuid[], ${versions}::int[]) as listed (id, text_version)
    join notes using (id, text_version) where owner_id = ${ownerId}`.execute(db)
  return new Map(found.map(({ id, content }) => [id, content]))
}

/** A note whose content was replaced since it was listed, in the version that was listed; undefined if it is gone. */
async function replaced<Row extends ListedRow>(
  db: Database,
  ownerId: string,
  row: Row,
): Promise<WithContent<Row> | undefined> {
  const note = db.selectFrom('notes').selectAll().where('id', '=', row.id).where('owner_id', '=', ownerId)
  const current = await note.executeTakeFirst()
  if (current === undefined) return undefined
  const listed = await findRevision(db, current, row.version)
  if (listed !== undefined) return { ...row, content: listed.content }
  return { ...row, ...current, deleted_at: row.deleted_at }
}
