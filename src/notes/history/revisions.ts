import { type Selectable, sql } from 'kysely'
import type { NoteRevisions } from '../../../generated/db.d.ts'
import type { Database } from '../../db/database.ts'
import type { Tx } from '../../db/transaction.ts'
import type { Locked, LockedNote, NoteRow } from '../core/note-row.ts'
import { dropOldest } from './prune-revisions.ts'
import { packText, unpackText } from './revision-text.ts'

const meta = [
  'version',
  'title',
  'is_public',
  'tags',
  'is_pinned',
  'is_archived',
  'created_at',
  'changed_by_kind',
  'changed_by_id',
] as const

type RevisionMeta = Pick<Selectable<NoteRevisions>, (typeof meta)[number]>

/** One version of a note. */
export interface RevisionRow extends RevisionMeta {
  readonly content: string
}

/** The current version of a note, in the form of a superseded one. */
export function asRevision(note: NoteRow): RevisionRow {
  return { ...note, created_at: note.updated_at }
}

/** Superseded versions of a note before version `before`, newest first. The caller has found the note. */
export function readRevisions(
  db: Database,
  note: NoteRow,
  page: { readonly limit: number; readonly before: number },
): Promise<RevisionMeta[]> {
  const revisions = db.selectFrom('note_revisions').select(meta).where('note_id', '=', note.id)
  return revisions.where('version', '<', page.before).orderBy('version', 'desc').limit(page.limit).execute()
}

/** One version of a note, or undefined if it never existed or is no longer kept. The caller has found the note. */
export async function findRevision(db: Database, note: NoteRow, version: number): Promise<RevisionRow | undefined> {
  if (version === note.version) return asRevision(note)
  const found = await db
    .selectFrom('note_revisions as revision')
    .leftJoin('note_texts as text', (join) =>
      join.onRef('text.note_id', '=', 'revision.note_id').onRef('text.text_version', '=', 'revision.text_version'),
    )
    .leftJoin('note_texts as base', (join) =>
      join.onRef('base.note_id', '=', 'text.note_id').onRef('base.text_version', '=', 'text.base_version'),
    )
    .select(meta.map((column) => `revision.${column}` as const))
    .select(['revision.text_version', 'text.data', 'base.data as base_data'])
    .where('revision.note_id', '=', note.id)
    .where('revision.version', '=', version)
    .executeTakeFirst()
  if (found === undefined) return undefined
  const { text_version, data, base_data, ...row } = found
  if (text_version === note.text_version) return { ...row, content: note.content }
  if (data === null) throw new Error('A version of a note has lost its text')
  const base = base_data === null ? undefined : await unpackText(base_data, undefined)
  return { ...row, content: await unpackText(data, base) }
}

/** Stores the current version of a note before it is superseded, and deletes the oldest beyond `max` versions. */
export async function keepRevision(tx: Tx, note: LockedNote, isTextReplaced: boolean, max: number): Promise<void> {
  if (isTextReplaced) await keepText(tx, note)
  await keepRevisions(tx, [note], max)
}

/** Does the same for notes whose texts are not replaced. */
export async function keepRevisions(
  tx: Tx,
  notes: readonly Locked<Pick<NoteRow, 'id' | 'version'>>[],
  max: number,
): Promise<void> {
  await sql`
    insert into note_revisions (note_id, version, text_version, title, tags, is_public, is_pinned, is_archived,
      created_at, changed_by_kind, changed_by_id)
    select id, version, text_version, title, tags, is_public, is_pinned, is_archived,
      updated_at, changed_by_kind, changed_by_id
    from notes where id = any(${notes.map(({ id }) => id)}::uuid[])`.execute(tx)
  const long = notes.filter(({ version }) => version > max)
  await dropOldest(
    tx,
    long.map(({ id }) => id),
    max,
  )
}

/** The size of all contents that have this one as their dictionary. */
const leaning = sql<number>`(select coalesce(sum(octet_length(d.data)), 0) from note_texts d
  where d.note_id = note_texts.note_id and d.text_version > note_texts.text_version
    and d.base_version = note_texts.text_version)`

/**
 * Stores a superseded content with the latest full one as its dictionary, so that reading takes two steps however long
 * the history is. Once the contents that share a dictionary are together as large as it, the next one is stored in
 * full: that keeps the total size smallest.
 */
async function keepText(tx: Tx, note: LockedNote): Promise<void> {
  const base = await tx
    .selectFrom('note_texts')
    .select(['text_version', 'data', leaning.as('size')])
    .where('note_id', '=', note.id)
    .where('base_version', 'is', null)
    .orderBy('text_version', 'desc')
    .limit(1)
    .executeTakeFirst()
  const isFull = base === undefined || base.size > base.data.length
  const data = await packText(note.content, isFull ? undefined : await unpackText(base.data, undefined))
  const values = {
    note_id: note.id,
    text_version: note.text_version,
    base_version: isFull ? null : base.text_version,
    data,
  }
  await tx.insertInto('note_texts').values(values).execute()
}
