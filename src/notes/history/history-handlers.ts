import type { ReplyTo, Request } from '../../contract/types.ts'
import { inTransaction, type Tx } from '../../db/transaction.ts'
import { Problem } from '../../http/problem.ts'
import { changeNote } from '../core/change-note.ts'
import { authorOf, etagOf, toNote, toRevision, toRevisionSummary } from '../core/note.ts'
import { type NoteFields, noteFields, type NoteRow } from '../core/note-row.ts'
import { findNote } from '../core/notes.ts'
import { noSuchNote } from '../core/refusals.ts'
import { changedFields } from '../core/write-note.ts'
import type { NoteDeps } from '../note-deps.ts'
import { normalTags } from '../tags/tags.ts'
import { asRevision, findRevision, readRevisions } from './revisions.ts'

export async function listRevisions(
  { db, cursors }: NoteDeps,
  { path, query, caller, nextPage }: Request<'listRevisions'>,
  reply: ReplyTo<'listRevisions'>,
) {
  const { limit, cursor } = query
  const listing = { ownerId: caller.userId, list: ['revisions', path.note_id] }
  const [before] = cursor === undefined ? [] : cursors.read(listing, cursor)
  const note = await findNote(db, caller.userId, path.note_id)
  if (note === undefined) throw noSuchNote()
  const rows = await readRevisions(db, note, { limit: limit + 1, before: Number(before ?? note.version) })
  const all = before === undefined ? [asRevision(note), ...rows] : rows
  const page = all.slice(0, limit).map(toRevisionSummary)
  const last = page.at(-1)
  if (all.length <= limit || last === undefined) return reply(200, page)
  return reply(200, page, { Link: nextPage(cursors.make(listing, [String(last.version)])) })
}

export async function getRevision(
  { db }: NoteDeps,
  { path, caller }: Request<'getRevision'>,
  reply: ReplyTo<'getRevision'>,
) {
  const note = await findNote(db, caller.userId, path.note_id)
  if (note === undefined) throw noSuchNote()
  const revision = await findRevision(db, note, path.version)
  if (revision === undefined) throw noSuchRevision()
  return reply(200, toRevision(revision))
}

export async function compareRevisions(
  { db, textWork }: NoteDeps,
  { path, query, caller }: Request<'compareRevisions'>,
  reply: ReplyTo<'compareRevisions'>,
) {
  const note = await findNote(db, caller.userId, path.note_id)
  if (note === undefined) throw noSuchNote()
  const from = await findRevision(db, note, path.version)
  const to = await findRevision(db, note, query.against ?? note.version)
  if (from === undefined || to === undefined) throw noSuchRevision()
  const labels = { before: `version ${from.version}`, after: `version ${to.version}` }
  const diff = await textWork.run({ kind: 'diff', before: from.content, after: to.content, labels }, caller.userId)
  return reply(200, { from_version: from.version, to_version: to.version, changed: changedFields(from, to), diff })
}

export async function restoreRevision(
  { db, turns, historyVersions }: NoteDeps,
  { path, ifMatch, caller, signal }: Request<'restoreRevision'>,
  reply: ReplyTo<'restoreRevision'>,
) {
  const target = { ownerId: caller.userId, noteId: path.note_id, ifMatch, author: authorOf(caller), historyVersions }
  const restore = async (tx: Tx, current: NoteRow): Promise<Partial<NoteFields>> => {
    const revision = await findRevision(tx, current, path.version)
    if (revision === undefined) throw noSuchRevision()
    const fields: NoteFields = { ...revision, tags: normalTags(revision.tags) }
    return Object.fromEntries(noteFields.map((name) => [name, fields[name]]))
  }
  const change = () => inTransaction(db, (tx) => changeNote(tx, target, (current) => restore(tx, current)))
  const row = await turns.ofNote({ ...target, signal }, path.note_id, change)
  return reply(200, toNote(row), { ETag: etagOf(row) })
}

function noSuchRevision(): Problem {
  return new Problem('not-found', 'The note has no such version, or it is not kept any more.')
}
