import { type RawBuilder, sql } from 'kysely'
import { countLimit } from '../../../generated/limits.ts'
import type { Database } from '../../db/database.ts'
import type { Position } from '../../http/cursor.ts'
import type { NoteRow } from './note-row.ts'

/** The contract's 8 MiB: a page ends before its notes have more text than that. */
export const PAGE_BYTES = 8 * 1024 * 1024
/** How much text is read at once, so that a long page costs no more memory than a short one. */
export const BATCH_BYTES = 1024 * 1024

/** A note of a page. `content` is null if it is to be read later, because the page has too much text. */
export type ListedRow = Omit<NoteRow, 'content'> & { readonly content: string | null; readonly content_bytes: number }

export interface NotePage<Row> {
  readonly rows: readonly Row[]
  /** Where the page ended, if there is another one. */
  readonly end: Position | undefined
}

export interface PageOptions {
  /** What the page is ordered by; then by `id`. */
  readonly key: RawBuilder<unknown>
  readonly isDescending: boolean
  /** Which notes there are after the previous page. */
  readonly conditions: readonly RawBuilder<unknown>[]
  readonly limit: number
  readonly skip: number
  /** Whether the page has all its notes, however long they are. Otherwise it ends before they have PAGE_BYTES. */
  readonly isWhole: boolean
  /** Set if no content is wanted; then nothing ends the page early. */
  readonly isWithoutContents?: true
  /** Further columns of the result, made from those of a note. */
  readonly columns?: readonly RawBuilder<unknown>[]
}

const noteColumns = [
  'id',
  'owner_id',
  'title',
  'is_public',
  'tags',
  'is_pinned',
  'is_archived',
  'version',
  'text_version',
  'changed_by_kind',
  'changed_by_id',
  'created_at',
  'updated_at',
  'deleted_at',
  'size',
] as const satisfies readonly Exclude<keyof NoteRow, 'content'>[]

/**
 * Reads a page of notes with the contents that fit into BATCH_BYTES. The size of a content is known without reading it,
 * so the database reads and sends no more than that.
 */
export async function readNotePage<Row extends ListedRow>(db: Database, options: PageOptions): Promise<NotePage<Row>> {
  const { key, conditions, limit, skip, isWhole, columns = [] } = options
  const order = options.isDescending ? sql`place_key desc, id desc` : sql`place_key, id`
  const { isWithoutContents = false } = options
  const fits = isWhole || isWithoutContents ? sql`true` : sql`(place = 1 or bytes <= ${PAGE_BYTES})`
  const content = isWithoutContents ? sql`null` : sql`case when bytes <= ${BATCH_BYTES} then content end`
  const { rows } = await sql<Row & { readonly place_key: string; readonly listed: number }>`
    select ${sql.join([...noteColumns.map((name) => sql.ref(name)), ...columns])}, place_key, listed, content_bytes,
      ${content} as content
    from (
      select *, row_number() over in_order as place, count(*) over () as listed,
        sum(content_bytes) over in_order as bytes
      from (
        select *, ${key} as place_key, octet_length(content) as content_bytes from notes
        where ${sql.join(conditions, sql` and `)} order by ${order} limit ${limit + 1} offset ${skip}
      ) as found
      window in_order as (order by ${order})
    ) as page
    where place <= ${limit} and ${fits} order by place`.execute(db)
  const last = rows.at(-1)
  const isLast = last === undefined || rows.length === last.listed
  return { rows, end: isLast ? undefined : [last.place_key, last.id] }
}

/** How many notes meet the conditions. It stops at `countLimit`, so that the cost is bounded however many there are. */
export async function countUpToLimit(db: Database, conditions: readonly RawBuilder<unknown>[]): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*) as count from (
      select from notes where ${sql.join(conditions, sql` and `)} limit ${countLimit}) as counted`.execute(db)
  return rows[0]?.count ?? 0
}
