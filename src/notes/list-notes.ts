import { type RawBuilder, sql } from 'kysely'
import type { Database } from '../db/database.ts'
import type { Position } from '../http/cursor.ts'
import type { NoteRow } from './core/note-row.ts'
import { tagKey } from './tags/tags.ts'

export interface NoteFilters {
  /** A note must have all of them. */
  readonly tags: readonly string[]
  readonly is_public: boolean | undefined
  readonly is_pinned: boolean | undefined
  readonly is_archived: boolean | undefined
  readonly updated_since: string | undefined
}

export type NoteSort = 'created_at' | '-created_at' | 'updated_at' | '-updated_at' | 'title' | '-title'

export interface NotePage {
  readonly filters: NoteFilters
  readonly sort: NoteSort
  readonly limit: number
  /** The position of the last note of the previous page. */
  readonly after: Position | undefined
  readonly skip: number
}

interface Order {
  readonly column: RawBuilder<unknown>
  readonly type: RawBuilder<unknown>
  readonly valueOf: (note: NoteRow & { readonly sort_title: string }) => string
}

/** The expression of the index. Titles that begin with the same 100 characters are ordered by id. */
const sortTitle = sql<string>`left(lower(title), 100) collate "C"`

const orders: Record<'created_at' | 'updated_at' | 'title', Order> = {
  created_at: { column: sql`created_at`, type: sql`timestamptz`, valueOf: (note) => note.created_at },
  updated_at: { column: sql`updated_at`, type: sql`timestamptz`, valueOf: (note) => note.updated_at },
  title: { column: sortTitle, type: sql`text`, valueOf: (note) => note.sort_title },
}

/** A page of one owner's notes that are not in the trash, and its end if there is another page. */
export async function readNotes(
  db: Database,
  ownerId: string,
  page: NotePage,
): Promise<{ rows: NoteRow[]; end: Position | undefined }> {
  const isDescending = page.sort.startsWith('-')
  const order = orders[columnOf(page.sort)]
  const direction = isDescending ? sql`desc` : sql`asc`
  const conditions = [sql`owner_id = ${ownerId}`, sql`deleted_at is null`, ...filterConditions(ownerId, page.filters)]
  if (page.after !== undefined) {
    const [value, id] = page.after
    const comparison = isDescending ? sql`<` : sql`>`
    conditions.push(sql`(${order.column}, id) ${comparison} (${value}::${order.type}, ${id}::uuid)`)
  }
  const { rows } = await sql<NoteRow & { sort_title: string }>`
    select *, ${sortTitle} as sort_title from notes where ${sql.join(conditions, sql` and `)}
    order by ${order.column} ${direction}, id ${direction} limit ${page.limit + 1} offset ${page.skip}`.execute(db)
  const shown = rows.slice(0, page.limit)
  const last = rows.length > page.limit ? shown.at(-1) : undefined
  return { rows: shown, end: last === undefined ? undefined : [order.valueOf(last), last.id] }
}

function columnOf(sort: NoteSort): keyof typeof orders {
  switch (sort) {
    case 'created_at':
    case '-created_at':
      return 'created_at'
    case 'updated_at':
    case '-updated_at':
      return 'updated_at'
    default:
      return 'title'
  }
}

/** The flags are literals, not parameters, so that the planner can use a partial index. */
function filterConditions(ownerId: string, filters: NoteFilters): RawBuilder<unknown>[] {
  const flags = (['is_public', 'is_pinned', 'is_archived'] as const).flatMap((name) => {
    const wanted = filters[name]
    return wanted === undefined ? [] : [wanted ? sql.ref(name) : sql`not ${sql.ref(name)}`]
  })
  const tags = filters.tags.map(
    (tag) =>
      sql`exists (select from note_tags t
        where t.owner_id = ${ownerId} and t.tag_key = ${tagKey(tag)} and t.note_id = notes.id)`,
  )
  const since = filters.updated_since === undefined ? [] : [sql`updated_at >= ${filters.updated_since}::timestamptz`]
  return [...flags, ...tags, ...since]
}
