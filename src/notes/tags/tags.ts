import { sql } from 'kysely'
import type { Database } from '../../db/database.ts'
import type { LockedNote } from '../core/note-row.ts'
import type { Tx } from '../../db/transaction.ts'

const MAX_KEY_LENGTH = 200

/** The form in which tags are compared: it ignores case and compatibility variants of characters. */
export function tagKey(tag: string): string {
  // NFKC can turn one character into eighteen, and the size of an index entry is limited.
  return Array.from(tag.normalize('NFKC').toLowerCase()).slice(0, MAX_KEY_LENGTH).join('')
}

/** Tags as they are stored: in composed form (NFC) and each once. Of two tags with the same key the first stays. */
export function normalTags(tags: readonly string[]): string[] {
  const byKey = new Map<string, string>()
  for (const tag of tags.map((text) => text.normalize('NFC'))) if (!byKey.has(tagKey(tag))) byKey.set(tagKey(tag), tag)
  return [...byKey.values()]
}

/** Makes a note findable by its tags. It must not be in the trash. */
export async function indexTags(tx: Tx, note: LockedNote): Promise<void> {
  const keys = note.tags.map(tagKey)
  await sql`
    with gone as (delete from note_tags where note_id = ${note.id} and tag_key <> all(${keys}::text[]))
    insert into note_tags (owner_id, note_id, tag_key, tag, position)
    select ${note.owner_id}, ${note.id}, tag_key, tag, position
    from unnest(${keys}::text[], ${note.tags}::text[]) with ordinality as given (tag_key, tag, position)
    on conflict (owner_id, tag_key, note_id) do update set tag = excluded.tag, position = excluded.position`.execute(tx)
}

export interface TagPage {
  readonly limit: number
  /** The key of the last tag of the previous page. */
  readonly after: string | undefined
}

/** A page of an owner's tags with the number of notes of each, by key, and its end if there is another page. */
export async function readTags(
  db: Database,
  ownerId: string,
  page: TagPage,
): Promise<{ rows: { tag: string; count: number }[]; end: string | undefined }> {
  const { rows } = await sql<{ tag: string; count: number; tag_key: string }>`
    select tag_key, min(tag) as tag, count(*) as count from note_tags
    where owner_id = ${ownerId} and tag_key > ${page.after ?? ''}
    group by tag_key order by tag_key limit ${page.limit + 1}`.execute(db)
  const shown = rows.slice(0, page.limit)
  return {
    rows: shown.map(({ tag, count }) => ({ tag, count })),
    end: rows.length > page.limit ? shown.at(-1)?.tag_key : undefined,
  }
}
