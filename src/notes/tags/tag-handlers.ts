import type { Handlers } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import { inTransaction } from '../../db/transaction.ts'
import { refuseOutOfBounds } from '../core/bounds.ts'
import type { Cursors } from '../../http/cursor.ts'
import { authorOf } from '../core/note.ts'
import { renameTags } from './rename-tags.ts'
import { listTags, normalTags } from './tags.ts'

export type TagOperation = 'listTags' | 'renameTags'

/** Small enough that each batch is far from the time-out of a statement. */
const BATCH = 200

interface TagDeps {
  readonly db: Database
  readonly cursors: Cursors
}

export function tagHandlers({ db, cursors }: TagDeps): Pick<Handlers, TagOperation> {
  return {
    async listTags({ query, caller }, reply) {
      const { limit, cursor } = query
      const listing = { ownerId: caller.userId, list: ['tags'] }
      const [after] = cursor === undefined ? [] : cursors.read(listing, cursor)
      const { rows, end } = await listTags(db, caller.userId, { limit, after })
      if (end === undefined) return reply(200, rows)
      return reply(200, rows, { Link: `</tags?limit=${limit}&cursor=${cursors.make(listing, [end])}>; rel="next"` })
    },

    async renameTags({ body, caller }, reply) {
      const [to = body.to] = normalTags([body.to])
      refuseOutOfBounds({ tags: [to] }, ['body', 'to'])
      const renaming = { ownerId: caller.userId, from: body.from, to, author: authorOf(caller) }
      let changed = 0
      for (let done = 1; done > 0; changed += done)
        done = await inTransaction(db, (tx) => renameTags(tx, renaming, BATCH))
      return reply(200, { tag: to, changed })
    },
  }
}
