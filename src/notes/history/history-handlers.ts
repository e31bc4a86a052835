import type { Handlers } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import { inTransaction } from '../../db/transaction.ts'
import type { Cursors } from '../../http/cursor.ts'
import { authorOf, etagOf, toNote, toRevision, toRevisionSummary } from '../core/note.ts'
import { findNote } from '../core/notes.ts'
import { noSuchNote, noSuchRevision, requireMatch } from '../core/refusals.ts'
import { asRevision, findRevision, listRevisions } from './revisions.ts'
import type { TextWork } from '../../text/text-work.ts'
import { changedFields, lockNote, noteFields, writeNote } from '../core/write-note.ts'

export type HistoryOperation = 'listRevisions' | 'getRevision' | 'compareRevisions' | 'restoreRevision'

interface HistoryDeps {
  readonly db: Database
  readonly textWork: TextWork
  readonly cursors: Cursors
  readonly historyVersions: number
}

export function historyHandlers({
  db,
  textWork,
  cursors,
  historyVersions,
}: HistoryDeps): Pick<Handlers, HistoryOperation> {
  return {
    async listRevisions({ path, query, caller }, reply) {
      const { limit, cursor } = query
      const listing = { ownerId: caller.userId, list: ['revisions', path.note_id] }
      const [before] = cursor === undefined ? [] : cursors.read(listing, cursor)
      const note = await findNote(db, caller.userId, path.note_id)
      if (note === undefined) throw noSuchNote()
      const rows = await listRevisions(db, note, { limit: limit + 1, before: Number(before ?? note.version) })
      const all = before === undefined ? [asRevision(note), ...rows] : rows
      const page = all.slice(0, limit).map(toRevisionSummary)
      const last = page.at(-1)
      if (all.length <= limit || last === undefined) return reply(200, page)
      const next = cursors.make(listing, [String(last.version)])
      return reply(200, page, { Link: `</notes/${note.id}/revisions?limit=${limit}&cursor=${next}>; rel="next"` })
    },

    async getRevision({ path, caller }, reply) {
      const note = await findNote(db, caller.userId, path.note_id)
      if (note === undefined) throw noSuchNote()
      const revision = await findRevision(db, note, path.version)
      if (revision === undefined) throw noSuchRevision()
      return reply(200, toRevision(revision))
    },

    async compareRevisions({ path, query, caller }, reply) {
      const note = await findNote(db, caller.userId, path.note_id)
      if (note === undefined) throw noSuchNote()
      const from = await findRevision(db, note, path.version)
      const to = await findRevision(db, note, query.against ?? note.version)
      if (from === undefined || to === undefined) throw noSuchRevision()
      const labels = { before: `version ${from.version}`, after: `version ${to.version}` }
      const diff = await textWork.run({ kind: 'diff', before: from.content, after: to.content, labels }, caller.userId)
      return reply(200, { from_version: from.version, to_version: to.version, changed: changedFields(from, to), diff })
    },

    async restoreRevision({ path, headers, caller }, reply) {
      const row = await inTransaction(db, async (tx) => {
        const current = await lockNote(tx, caller.userId, path.note_id)
        if (current === undefined) throw noSuchNote()
        await requireMatch(tx, current, headers['If-Match'])
        const revision = await findRevision(tx, current, path.version)
        if (revision === undefined) throw noSuchRevision()
        const fields = Object.fromEntries(noteFields.map((name) => [name, revision[name]]))
        return writeNote(tx, current, fields, { author: authorOf(caller), historyVersions })
      })
      return reply(200, toNote(row), { ETag: etagOf(row) })
    },
  }
}
