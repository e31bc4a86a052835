import type { Reply, ReplyTo, Request } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import type { Cursors } from '../../http/cursor.ts'
import { Problem } from '../../http/problem.ts'
import { findEvents } from '../events.ts'
import { knownScopes } from '../scopes.ts'
import { endSession, findSessions } from './sessions.ts'

export interface SessionDeps {
  readonly db: Database
  readonly cursors: Cursors
}

export async function listSessions(
  { db }: SessionDeps,
  { caller }: Request<'listSessions'>,
  reply: ReplyTo<'listSessions'>,
): Promise<Reply<'listSessions'>> {
  const rows = await findSessions(db, caller.userId)
  const sessions = rows.map(({ scope, ...row }) => {
    return { ...row, is_current: row.id === caller.credential.id, scopes: knownScopes(scope) }
  })
  return reply(200, sessions)
}

export async function revokeSession(
  { db }: SessionDeps,
  { path, caller, client }: Request<'revokeSession'>,
  reply: ReplyTo<'revokeSession'>,
): Promise<Reply<'revokeSession'>> {
  const session = { id: path.session_id, userId: caller.userId }
  if (!(await endSession(db, session, client.address))) throw new Problem('not-found', 'There is no such session.')
  return reply(204)
}

export async function listSecurityEvents(
  { db, cursors }: SessionDeps,
  { query: { limit, cursor }, caller, nextPage }: Request<'listSecurityEvents'>,
  reply: ReplyTo<'listSecurityEvents'>,
): Promise<Reply<'listSecurityEvents'>> {
  const listing = { ownerId: caller.userId, list: ['security-events'] }
  const [created_at = '', id = ''] = cursor === undefined ? [] : cursors.read(listing, cursor)
  const after = cursor === undefined ? undefined : { created_at, id }
  const rows = await findEvents(db, caller.userId, { limit: limit + 1, after })
  const page = rows.slice(0, limit)
  const last = page.at(-1)
  if (rows.length <= limit || last === undefined) return reply(200, page)
  return reply(200, page, { Link: nextPage(cursors.make(listing, [last.created_at, last.id])) })
}
