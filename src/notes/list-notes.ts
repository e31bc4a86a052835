import { type RawBuilder, sql } from 'kysely'
import { noteLimits } from '../../generated/limits.ts'
import type { Database } from '../db/database.ts'
import type { Position } from '../http/cursor.ts'
import { countUpToLimit, type ListedRow, type NotePage, type PageOptions, readNotePage } from './core/note-page.ts'
import { tagKey } from './tags/tags.ts'

export interface NoteFilters {
  /** A note must have all of them. */
  readonly tags: readonly string[]
  readonly is_public: boolean | undefined
  readonly is_pinned: boolean | undefined
  readonly is_archived: boolean | undefined
  readonly updated_since: string | undefined
}

/** A note of a page without its content, but with the beginning of it. */
export interface SummaryRow extends ListedRow {
  readonly excerpt: string
}

export type NoteSort = 'created_at' | '-created_at' | 'updated_at' | '-updated_at' | 'title' | '-title'

export interface NoteListing {
  readonly filters: NoteFilters
  readonly sort: NoteSort
  readonly limit: number
  /** The position of the last note of the previous page. */
  readonly after: Position | undefined
  readonly skip: number
  /** Whether the page has all its notes, however long they are. */
  readonly isWhole: boolean
}

interface Order {
  readonly key: RawBuilder<unknown>
  readonly type: RawBuilder<unknown>
}

const orders: Record<'created_at' | 'updated_at' | 'title', Order> = {
  created_at: { key: sql`created_at`, type: sql`timestamptz` },
  updated_at: { key: sql`updated_at`, type: sql`timestamptz` },
  // The expression of the index. Titles that begin with the same 100 characters are ordered by id.
  title: { key: sql`left(lower(title), 100) collate "C"`, type: sql`text` },
}

/** A page of one owner's notes that are not in the trash. */
export function readNotes(db: Database, ownerId: string, page: NoteListing): Promise<NotePage<ListedRow>> {
  return readNotePage(db, pageOptions(ownerId, page))
}

/** The same page without contents. */
export function readSummaries(db: Database, ownerId: string, page: NoteListing): Promise<NotePage<SummaryRow>> {
  const excerpt = sql`left(content, ${noteLimits.excerpt}) as excerpt`
  return readNotePage<SummaryRow>(db, { ...pageOptions(ownerId, page), isWithoutContents: true, columns: [excerpt] })
}

/** How many notes meet the filters; `countLimit` for that many or more. */
export function countNotes(db: Database, ownerId: string, filters: NoteFilters): Promise<number> {
  return countUpToLimit(db, conditionsOf(ownerId, filters))
}

function pageOptions(ownerId: string, { sort, after, filters, ...bounds }: NoteListing): PageOptions {
  const isDescending = sort.startsWith('-')
  const { key, type } = orders[columnOf(sort)]
  const conditions = conditionsOf(ownerId, filters)
  if (after !== undefined) {
    const [value, id] = after
    const comparison = isDescending ? sql`<` : sql`>`
    conditions.push(sql`(${key}, id) ${comparison} (${value}::${type}, ${id}::uuid)`)
  }
  return { ...bounds, key, isDescending, conditions }
}

function conditionsOf(ownerId: string, filters: NoteFilters): RawBuilder<unknown>[] {
  return [sql`owner_id = ${ownerId}`, sql`deleted_at is null`, ...filterConditions(ownerId, filters)]
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
