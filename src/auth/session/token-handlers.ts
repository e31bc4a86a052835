import type { components } from '../../../generated/openapi.d.ts'
import type { Reply, ReplyTo, Request } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import { Problem } from '../../http/problem.ts'
import type { AddressOf } from '../../http/public-address.ts'
import { insertAccount } from '../account/accounts.ts'
import { revokeCredential } from '../credentials.ts'
import type { PasswordCheck, RequestOrigin } from '../password/password-check.ts'
import { allScopes, narrowScope } from '../scopes.ts'
import type { Tokens } from '../tokens.ts'
import { toUser } from '../user.ts'
import { rotateRefreshToken, type SessionTokens } from './refresh-tokens.ts'
import { startSession } from './sessions.ts'

export interface TokenDeps {
  readonly db: Database
  readonly passwords: PasswordCheck
  readonly tokens: Tokens
  readonly refreshTokenSeconds: number
  readonly refreshTokenKeys: readonly Uint8Array[]
  readonly registration: 'open' | 'closed'
  readonly addressOf: AddressOf
}

type Schemas = components['schemas']

export async function registerUser(
  { db, passwords, registration, addressOf }: TokenDeps,
  { body, client, signal }: Request<'registerUser'>,
  reply: ReplyTo<'registerUser'>,
): Promise<Reply<'registerUser'>> {
  if (registration === 'closed')
    throw new Problem('registration-closed', 'The operator of this server creates the accounts.')
  const passwordHash = await passwords.hashForNewAccount(body.email, body.password, { client, signal })
  if (passwordHash === undefined) throw emailTaken()
  const event = { type: 'registered', address: client.address } as const
  const account = await insertAccount(db, { email: body.email, passwordHash }, event)
  if (account === undefined) throw emailTaken()
  return reply(201, toUser(account), { Location: addressOf('/users/me') })
}

export async function createToken(
  deps: TokenDeps,
  { body, client, signal }: Request<'createToken'>,
  reply: ReplyTo<'createToken'>,
): Promise<Reply<'createToken'>> {
  const { tokens } = deps
  const isRefresh = body.grant_type === 'refresh_token'
  const session = isRefresh ? await refresh(deps, body, client.address) : await logIn(deps, body, { client, signal })
  const scope = narrowScope(session.scope, body.scope)
  const accessToken = await tokens.sign({ userId: session.userId, sessionId: session.sessionId, scope })
  return reply(200, {
    access_token: accessToken,
    token_type: 'bearer',
    expires_in: tokens.accessTokenSeconds,
    refresh_token: session.refreshToken,
    scope,
  })
}

export async function revokeToken(
  { db, tokens }: TokenDeps,
  { body, client }: Request<'revokeToken'>,
  reply: ReplyTo<'revokeToken'>,
): Promise<Reply<'revokeToken'>> {
  await revokeCredential(db, tokens, body.token, client.address)
  return reply(200)
}

/** The password grant. */
async function logIn(
  { db, passwords, refreshTokenSeconds }: TokenDeps,
  grant: Schemas['PasswordGrant'],
  origin: RequestOrigin,
): Promise<SessionTokens> {
  const scope = narrowScope(allScopes, grant.scope)
  const account = await passwords.findMatching(grant.username, grant.password, origin)
  if (account === undefined) throw wrongLogin()
  const strongerHash = await passwords.rehashIfWeak(account.password_hash, grant.password, origin)
  const { client } = origin
  const session = await startSession(db, { account, strongerHash, scope, idleSeconds: refreshTokenSeconds, client })
  if (session === undefined) throw wrongLogin()
  return session
}

/** The refresh grant (RFC 6749 §6). */
async function refresh(
  { db, refreshTokenSeconds, refreshTokenKeys }: TokenDeps,
  grant: Schemas['RefreshGrant'],
  address: string,
): Promise<SessionTokens> {
  const session = await rotateRefreshToken(db, {
    refreshToken: grant.refresh_token,
    keys: refreshTokenKeys,
    idleSeconds: refreshTokenSeconds,
    address,
    checkScope: (available) => void narrowScope(available, grant.scope),
  })
  if (session === undefined) throw invalidGrant('The refresh token is unknown, used or expired. Log in again.')
  return session
}

function emailTaken(): Problem {
  return new Problem('email-taken', 'There is an account with this e-mail already.')
}

/** One answer for an unknown e-mail, a wrong password and a disabled account, so that none of them is revealed. */
function wrongLogin(): Problem {
  return invalidGrant('The e-mail or the password is wrong.')
}

function invalidGrant(detail: string): Problem {
  return new Problem('invalid-grant', detail, { headers: { 'WWW-Authenticate': 'Bearer realm="notes-api"' } })
}
