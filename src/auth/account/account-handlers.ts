import type { Reply, ReplyTo, Request } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import { Problem } from '../../http/problem.ts'
import { accountGone } from '../../http/unauthorized.ts'
import { type PasswordCheck, wrongPassword } from '../password/password-check.ts'
import { replacePassword } from '../password/password-changes.ts'
import { callableOperations } from '../scopes.ts'
import { toUser } from '../user.ts'
import { changeEmail, deleteAccount, findAccount } from './accounts.ts'

export interface AccountDeps {
  readonly db: Database
  readonly passwords: PasswordCheck
}

export async function getMe(
  { db }: AccountDeps,
  { caller }: Request<'getMe'>,
  reply: ReplyTo<'getMe'>,
): Promise<Reply<'getMe'>> {
  const account = await findAccount(db, caller.userId)
  if (account === undefined) throw accountGone()
  return reply(200, toUser(account))
}

export async function updateMe(
  { db, passwords }: AccountDeps,
  { body, caller, client, signal }: Request<'updateMe'>,
  reply: ReplyTo<'updateMe'>,
): Promise<Reply<'updateMe'>> {
  const checked = await passwords.confirm(caller.userId, body.current_password, { client, signal })
  const account = await changeEmail(db, checked, body.email, client.address)
  if (account === undefined) throw wrongPassword()
  if (account === 'taken') throw new Problem('email-taken', 'There is an account with this e-mail already.')
  return reply(200, toUser(account))
}

export async function deleteMe(
  { db, passwords }: AccountDeps,
  { body, caller, client, signal }: Request<'deleteMe'>,
  reply: ReplyTo<'deleteMe'>,
): Promise<Reply<'deleteMe'>> {
  const checked = await passwords.confirm(caller.userId, body.current_password, { client, signal })
  if (!(await deleteAccount(db, checked))) throw wrongPassword()
  await passwords.forget(checked)
  return reply(204)
}

export async function changePassword(
  { db, passwords }: AccountDeps,
  { body, caller, client, signal }: Request<'changePassword'>,
  reply: ReplyTo<'changePassword'>,
): Promise<Reply<'changePassword'>> {
  const checked = await passwords.confirm(caller.userId, body.current_password, { client, signal })
  const passwordHash = await passwords.hashNew(body.new_password, 'new_password', { client, signal })
  const isReplaced = await replacePassword(db, checked, {
    passwordHash,
    keptSession: caller.credential.id,
    keepApiKeys: !body.revoke_api_keys,
    address: client.address,
  })
  if (!isReplaced) throw wrongPassword()
  return reply(204)
}

export async function getCredential(
  _: AccountDeps,
  { caller }: Request<'getCredential'>,
  reply: ReplyTo<'getCredential'>,
): Promise<Reply<'getCredential'>> {
  const { kind, id } = caller.credential
  return reply(200, { kind, id, scopes: [...caller.scopes], operations: callableOperations(caller.scopes) })
}
