import { v7 as uuidv7 } from 'uuid'
import type { Handlers, Request } from '../contract/types.ts'
import type { Database } from '../db/database.ts'
import { inTransaction, type Tx } from '../db/transaction.ts'
import { once } from '../db/idempotency.ts'
import { refuseRepeated, replayedHeader } from '../http/idempotency.ts'
import { batchHandlers } from './editing/batch-handlers.ts'
import { refuseOutOfBounds } from './core/bounds.ts'
import type { Cursors } from '../http/cursor.ts'
import { editHandlers } from './editing/edit-handlers.ts'
import { historyHandlers, type HistoryOperation } from './history/history-handlers.ts'
import { listNotes, type NoteFilters, type NoteSort } from './list-notes.ts'
import { mergeJob, mergeNote } from './editing/merge-note.ts'
import { authorOf, etagOf, toNote } from './core/note.ts'
import { findNote, insertNote, type NoteRow } from './core/notes.ts'
import { holdsCurrent, matchedVersions } from './core/preconditions.ts'
import {
  cursorAndSkip,
  findBase,
  isMatch,
  mergeConflict,
  mergeWithoutBase,
  noSuchNote,
  noteChanged,
  requireMatch,
} from './core/refusals.ts'
import type { MergeJob } from '../text/jobs.ts'
import type { Done, TextWork } from '../text/text-work.ts'
import { tagHandlers, type TagOperation } from './tags/tag-handlers.ts'
import { normalTags } from './tags/tags.ts'
import { trashHandlers, type TrashOperation } from './trash/trash-handlers.ts'
import { moveToTrash } from './trash/trash.ts'
import { lockNote, type NoteFields, writeNote } from './core/write-note.ts'

export interface NoteDeps {
  readonly db: Database
  readonly textWork: TextWork
  readonly cursors: Cursors
  /** How many superseded versions of a note are kept at most. */
  readonly historyVersions: number
  /** After how many days in the trash a note is erased. */
  readonly trashDays: number
}

type NoteOperation =
  | 'listNotes'
  | 'createNote'
  | 'getNote'
  | 'updateNote'
  | 'patchNote'
  | 'deleteNote'
  | 'editNote'
  | 'changeNotes'
  | HistoryOperation
  | TagOperation
  | TrashOperation

export function noteHandlers(deps: NoteDeps): Pick<Handlers, NoteOperation> {
  const { db, textWork, cursors, historyVersions } = deps
  return {
    ...batchHandlers(deps),
    ...editHandlers(deps),
    ...historyHandlers(deps),
    ...tagHandlers(deps),
    ...trashHandlers(deps),

    async listNotes({ query, caller }, reply) {
      const { limit, cursor, skip, sort } = query
      if (cursor !== undefined && skip !== undefined) throw cursorAndSkip()
      const filters = readFilters(query)
      const listing = { ownerId: caller.userId, list: ['notes', sort, filters] }
      const after = cursor === undefined ? undefined : cursors.read(listing, cursor)
      const { rows, end } = await listNotes(db, caller.userId, { filters, sort, limit, after, skip: skip ?? 0 })
      if (end === undefined) return reply(200, rows.map(toNote))
      const address = `/notes?${pageQuery(limit, sort, filters)}&cursor=${cursors.make(listing, end)}`
      return reply(200, rows.map(toNote), { Link: `<${address}>; rel="next"` })
    },

    async createNote({ headers, body, caller }, reply) {
      const note = { id: uuidv7(), ...body, tags: normalTags(body.tags), ...authorOf(caller) }
      refuseOutOfBounds({ tags: note.tags })
      const key = headers['Idempotency-Key']
      const use = { userId: caller.userId, operation: 'createNote', key, subject: note.id, request: body }
      const { state, result } = await once(db, use, async (tx) => toNote(await insertNote(tx, caller.userId, note)))
      if (result === undefined) throw refuseRepeated(state)
      return reply(201, result, { ETag: etagOf(result), Location: `/notes/${result.id}`, ...replayedHeader(state) })
    },

    async getNote({ path, headers, caller }, reply) {
      const row = await findNote(db, caller.userId, path.note_id)
      if (row === undefined) throw noSuchNote()
      if (holdsCurrent(headers['If-None-Match'], row)) return reply(304, undefined, { ETag: etagOf(row) })
      return reply(200, toNote(row), { ETag: etagOf(row) })
    },

    async updateNote({ path, headers, body, caller }, reply) {
      const changes = readChanges(body)
      const row = await inTransaction(db, async (tx) => {
        const current = await lockNote(tx, caller.userId, path.note_id)
        if (current === undefined) throw noSuchNote()
        await requireMatch(tx, current, headers['If-Match'])
        return writeNote(tx, current, changes, { author: authorOf(caller), historyVersions })
      })
      return reply(200, toNote(row), { ETag: etagOf(row) })
    },

    async patchNote({ path, query, headers, body, caller }, reply) {
      const changes = readChanges(body)
      const isMerging = query.on_conflict === 'merge'
      if (isMerging && matchedVersions(headers['If-Match']) === undefined) throw mergeWithoutBase()
      const patch = async (tx: Tx, done: Done<MergeJob>): Promise<NoteRow> => {
        const current = await lockNote(tx, caller.userId, path.note_id)
        if (current === undefined) throw noSuchNote()
        const ifMatch = headers['If-Match']
        const isDue = isMatch(current, ifMatch)
        const merged = isDue ? changes : await reconcile(tx, current, ifMatch, changes, isMerging ? done : undefined)
        return writeNote(tx, current, merged, { author: authorOf(caller), historyVersions })
      }
      const row = await textWork.whileUnchanged<MergeJob, NoteRow>(caller.userId, (done) =>
        inTransaction(db, (tx) => patch(tx, done)),
      )
      return reply(200, toNote(row), { ETag: etagOf(row) })
    },

    async deleteNote({ path, headers, caller }, reply) {
      await inTransaction(db, async (tx) => {
        const current = await lockNote(tx, caller.userId, path.note_id)
        if (current === undefined) throw noSuchNote()
        await requireMatch(tx, current, headers['If-Match'])
        await moveToTrash(tx, caller.userId, current.id)
      })
      return reply(204)
    },
  }
}

function readFilters({
  tag = [],
  is_public,
  is_pinned,
  is_archived,
  updated_since,
}: Request<'listNotes'>['query']): NoteFilters {
  return { tags: tag, is_public, is_pinned, is_archived, updated_since }
}

/** The query of the next page: what was asked for, but for what the contract fills in by itself. */
function pageQuery(limit: number, sort: NoteSort, { tags, ...filters }: NoteFilters): string {
  const query = new URLSearchParams({ limit: String(limit), ...(sort === '-created_at' ? {} : { sort }) })
  for (const tag of tags) query.append('tag', tag)
  for (const [name, value] of Object.entries(filters)) if (value !== undefined) query.append(name, String(value))
  return query.toString()
}

function readChanges(body: Request<'updateNote' | 'patchNote'>['body']): Partial<NoteFields> {
  const { tags, ...rest } = body
  if (tags === undefined) return rest
  const changes = { ...rest, tags: normalTags(tags) }
  refuseOutOfBounds({ tags: changes.tags })
  return changes
}

/**
 * What a change makes of a note that was changed meanwhile: without `done` a 412, with it the merged fields, or a 409 where
 * they overlap.
 */
async function reconcile(
  tx: Tx,
  current: NoteRow,
  ifMatch: string | undefined,
  changes: Partial<NoteFields>,
  done: Done<MergeJob> | undefined,
): Promise<Partial<NoteFields>> {
  const base = await findBase(tx, current, ifMatch)
  if (base === undefined || done === undefined) throw noteChanged(current, base)
  const mine = { ...base, ...changes }
  const merged = mergeNote(base, mine, current, done(current.version, mergeJob(base, mine, current)))
  if (merged.changes === undefined) throw mergeConflict(current, base, merged.conflicts, merged.count)
  refuseOutOfBounds(merged.changes)
  return merged.changes
}
