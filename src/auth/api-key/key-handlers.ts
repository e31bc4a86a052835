import type { Handlers } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import { Problem, validationFailed } from '../../http/problem.ts'
import { insertApiKey, listApiKeys, MOST_KEYS, removeApiKey } from './api-keys.ts'
import { type PasswordCheck, wrongPassword } from '../password/password-check.ts'
import { excessScopes, knownScopes } from '../scopes.ts'

export type KeyOperation = 'listApiKeys' | 'createApiKey' | 'revokeApiKey'

export function keyHandlers(db: Database, passwords: PasswordCheck): Pick<Handlers, KeyOperation> {
  return {
    async listApiKeys({ caller }, reply) {
      const rows = await listApiKeys(db, caller.userId)
      return reply(
        200,
        rows.map(({ scope, ...row }) => ({ ...row, scopes: knownScopes(scope) })),
      )
    },

    async createApiKey({ body, caller, client }, reply) {
      const excess = excessScopes(body.scopes, caller.scopes)
      if (excess.length > 0) throw validationFailed(excess)
      const checked = await passwords.prove(caller.userId, body.current_password, client)
      const { name, expires_in_days: days } = body
      const row = await insertApiKey(db, checked, { name, scope: body.scopes.join(' '), days, address: client.address })
      if (row === undefined) throw wrongPassword()
      if (row === 'full') throw new Problem('too-many-api-keys', `An account has at most ${MOST_KEYS} API keys.`)
      const { scope, ...key } = row
      return reply(201, { ...key, scopes: knownScopes(scope) })
    },

    async revokeApiKey({ path, caller, client }, reply) {
      const key = { id: path.key_id, userId: caller.userId }
      if (!(await removeApiKey(db, key, client.address))) throw new Problem('not-found', 'There is no such API key.')
      return reply(204)
    },
  }
}
