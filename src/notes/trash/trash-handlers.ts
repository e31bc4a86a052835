import type { Handlers } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import { inTransaction } from '../../db/transaction.ts'
import type { Cursors } from '../../http/cursor.ts'
import { etagOf, toNote } from '../core/note.ts'
import { noSuchNote } from '../core/refusals.ts'
import { eraseNote, eraseTrash, listTrash, takeFromTrash } from './trash.ts'

export type TrashOperation = 'listTrash' | 'emptyTrash' | 'eraseNote' | 'restoreNote'

/** Small enough that each batch is far from the time-out of a statement. */
const BATCH = 200

interface TrashDeps {
  readonly db: Database
  readonly cursors: Cursors
  readonly trashDays: number
}

export function trashHandlers({ db, cursors, trashDays }: TrashDeps): Pick<Handlers, TrashOperation> {
  return {
    async listTrash({ query, caller }, reply) {
      const { limit, cursor } = query
      const listing = { ownerId: caller.userId, list: ['trash'] }
      const after = cursor === undefined ? undefined : cursors.read(listing, cursor)
      const { rows, end } = await listTrash(db, caller.userId, { limit, after, days: trashDays })
      const page = rows.map((row) => ({ ...toNote(row), deleted_at: row.deleted_at, erased_after: row.erased_after }))
      if (end === undefined) return reply(200, page)
      return reply(200, page, { Link: `</trash?limit=${limit}&cursor=${cursors.make(listing, end)}>; rel="next"` })
    },

    async emptyTrash({ caller }, reply) {
      for (let erased = BATCH; erased === BATCH;)
        erased = await inTransaction(db, (tx) => eraseTrash(tx, caller.userId, BATCH))
      return reply(204)
    },

    async eraseNote({ path, caller }, reply) {
      const wasThere = await inTransaction(db, (tx) => eraseNote(tx, caller.userId, path.note_id))
      if (!wasThere) throw noSuchNote()
      return reply(204)
    },

    async restoreNote({ path, caller }, reply) {
      const row = await inTransaction(db, (tx) => takeFromTrash(tx, caller.userId, path.note_id))
      if (row === undefined) throw noSuchNote()
      return reply(200, toNote(row), { ETag: etagOf(row) })
    },
  }
}
