import type { Handlers } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import { Problem } from '../../http/problem.ts'
import { changeEmail, deleteAccount, findAccount } from './accounts.ts'
import { accountGone } from '../bearer.ts'
import { type PasswordCheck, wrongPassword } from '../password/password-check.ts'
import { changePassword } from '../password/password-changes.ts'
import { callableOperations } from '../scopes.ts'
import { toUser } from '../user.ts'

export type AccountOperation = 'getMe' | 'updateMe' | 'deleteMe' | 'changePassword' | 'getCredential'

export function accountHandlers(db: Database, passwords: PasswordCheck): Pick<Handlers, AccountOperation> {
  return {
    async getMe({ caller }, reply) {
      const account = await findAccount(db, caller.userId)
      if (account === undefined) throw accountGone()
      return reply(200, toUser(account))
    },

    async updateMe({ body, caller, client }, reply) {
      const checked = await passwords.prove(caller.userId, body.current_password, client)
      const account = await changeEmail(db, checked, body.email, client.address)
      if (account === undefined) throw wrongPassword()
      if (account === 'taken') throw new Problem('email-taken', 'There is an account with this e-mail already.')
      return reply(200, toUser(account))
    },

    async deleteMe({ body, caller, client }, reply) {
      const checked = await passwords.prove(caller.userId, body.current_password, client)
      if (!(await deleteAccount(db, checked))) throw wrongPassword()
      await passwords.forget(checked)
      return reply(204)
    },

    async changePassword({ body, caller, client }, reply) {
      const checked = await passwords.prove(caller.userId, body.current_password, client)
      const passwordHash = await passwords.hashNew(body.new_password, 'new_password', client)
      const isChanged = await changePassword(db, checked, {
        passwordHash,
        keptSession: caller.credential.id,
        keepApiKeys: !body.revoke_api_keys,
        address: client.address,
      })
      if (!isChanged) throw wrongPassword()
      return reply(204)
    },

    async getCredential({ caller }, reply) {
      const { kind, id } = caller.credential
      return reply(200, { kind, id, scopes: [...caller.scopes], operations: callableOperations(caller.scopes) })
    },
  }
}
