import { sql } from 'kysely'
import type { Database } from '../../db/database.ts'
import type { LockedNote } from '../core/note-row.ts'
import type { Tx } from '../../db/transaction.ts'

const MAX_KEY_LENGTH = 200

/**
 * The form in which tags are compared: it ignores case and compatibility variants of characters. A compatibility
 * caseless match (Unicode, D146): decomposed first, because of letters whose marks fold to letters, and folded again
 * after the compatibility variants are gone. A change of this form needs a migration of `note_tags`.
 */
export function tagKey(tag: string): string {
  const key = foldCase(foldCase(tag.normalize('NFD')).normalize('NFKC')).normalize('NFKC')
  // NFKC can turn one character into eighteen, and the size of an index entry is limited.
  return Array.from(key).slice(0, MAX_KEY_LENGTH).join('')
}

/**
 * Full case folding: it makes those texts equal that Unicode's CaseFolding.txt makes equal (statuses C and F). Upper
 * case unites letters that lower case keeps apart, such as ß and SS, or ſ and s. The dotless ı is kept apart: it
 * folds to itself, although its upper case is I. Lower case makes a Σ at the end of a word a final ς, so that is
 * undone.
 */
function foldCase(text: string): string {
  const folded = text.split('ı').map((part) => part.toLowerCase().toUpperCase().toLowerCase())
  return folded.join('ı').replaceAll('ς', 'σ')
}

/** Tags as they are stored: in composed form (NFC) and each once. Of two tags with the same key the first stays. */
export function normalTags(tags: readonly string[]): string[] {
  return [...byKey(tags.map((text) => text.normalize('NFC'))).values()]
}

function byKey(tags: readonly string[]): Map<string, string> {
  const first = new Map<string, string>()
  for (const tag of tags) if (!first.has(tagKey(tag))) first.set(tagKey(tag), tag)
  return first
}

/**
 * Makes a note findable by its tags. It must not be in the trash. A note from the time when fewer tags were the same
 * may have two with one key.
 */
export async function indexTags(tx: Tx, note: LockedNote): Promise<void> {
  const index = byKey(note.tags)
  const [keys, tags] = [[...index.keys()], [...index.values()]]
  await sql`
    with gone as (delete from note_tags where note_id = ${note.id} and tag_key <> all(${keys}::text[]))
    insert into note_tags (owner_id, note_id, tag_key, tag, position)
    select ${note.owner_id}, ${note.id}, tag_key, tag, position
    from unnest(${keys}::text[], ${tags}::text[]) with ordinality as given (tag_key, tag, position)
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
