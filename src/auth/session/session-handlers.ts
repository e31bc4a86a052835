import type { Handlers } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import type { Cursors } from '../../http/cursor.ts'
import { Problem } from '../../http/problem.ts'
import { listEvents } from '../events.ts'
import { knownScopes } from '../scopes.ts'
import { listSessions, revokeSession } from './sessions.ts'

export interface SessionDeps {
  readonly db: Database
  readonly cursors: Cursors
}

export type SessionOperation = 'listSessions' | 'revokeSession' | 'listSecurityEvents'

export function sessionHandlers({ db, cursors }: SessionDeps): Pick<Handlers, SessionOperation> {
  return {
    async listSessions({ caller }, reply) {
      const rows = await listSessions(db, caller.userId)
      const sessions = rows.map(({ scope, ...row }) => {
        return { ...row, is_current: row.id === caller.credential.id, scopes: knownScopes(scope) }
      })
      return reply(200, sessions)
    },

    async revokeSession({ path, caller, client }, reply) {
      const session = { id: path.session_id, userId: caller.userId }
      if (!(await revokeSession(db, session, client.address)))
        throw new Problem('not-found', 'There is no such session.')
      return reply(204)
    },

    async listSecurityEvents({ query: { limit, cursor }, caller }, reply) {
      const [created_at = '', id = ''] =
        cursor === undefined ? [] : cursors.read({ ownerId: caller.userId, list: ['security-events'] }, cursor)
      const after = cursor === undefined ? undefined : { created_at, id }
      const rows = await listEvents(db, caller.userId, { limit: limit + 1, after })
      const page = rows.slice(0, limit)
      const last = page.at(-1)
      if (rows.length <= limit || last === undefined) return reply(200, page)
      const next = cursors.make({ ownerId: caller.userId, list: ['security-events'] }, [last.created_at, last.id])
      return reply(200, page, { Link: `</users/me/security-events?limit=${limit}&cursor=${next}>; rel="next"` })
    },
  }
}
