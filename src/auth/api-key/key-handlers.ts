import type { Reply, ReplyTo, Request } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import { Problem, validationFailed } from '../../http/problem.ts'
import { type PasswordCheck, wrongPassword } from '../password/password-check.ts'
import { excessScopes, knownScopes } from '../scopes.ts'
import { deleteApiKey, findApiKeys, insertApiKey, MAX_KEYS } from './api-keys.ts'

export interface KeyDeps {
  readonly db: Database
  readonly passwords: PasswordCheck
}

export async function listApiKeys(
  { db }: KeyDeps,
  { caller }: Request<'listApiKeys'>,
  reply: ReplyTo<'listApiKeys'>,
): Promise<Reply<'listApiKeys'>> {
  const rows = await findApiKeys(db, caller.userId)
  return reply(
    200,
    rows.map(({ scope, ...row }) => ({ ...row, scopes: knownScopes(scope) })),
  )
}

export async function createApiKey(
  { db, passwords }: KeyDeps,
  { body, caller, client, signal }: Request<'createApiKey'>,
  reply: ReplyTo<'createApiKey'>,
): Promise<Reply<'createApiKey'>> {
  const excess = excessScopes(body.scopes, caller.scopes)
  if (excess.length > 0) throw validationFailed(excess)
  const checked = await passwords.confirm(caller.userId, body.current_password, { client, signal })
  const { name, expires_in_days: days } = body
  const row = await insertApiKey(db, checked, { name, scope: body.scopes.join(' '), days, address: client.address })
  if (row === undefined) throw wrongPassword()
  if (row === 'full') throw new Problem('too-many-api-keys', `An account has at most ${MAX_KEYS} API keys.`)
  const { scope, ...key } = row
  return reply(201, { ...key, scopes: knownScopes(scope) })
}

export async function revokeApiKey(
  { db }: KeyDeps,
  { path, caller, client }: Request<'revokeApiKey'>,
  reply: ReplyTo<'revokeApiKey'>,
): Promise<Reply<'revokeApiKey'>> {
  const key = { id: path.key_id, userId: caller.userId }
  if (!(await deleteApiKey(db, key, client.address))) throw new Problem('not-found', 'There is no such API key.')
  return reply(204)
}
