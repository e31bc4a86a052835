import type { components } from '../../../generated/openapi.d.ts'
import type { Client, Handlers } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import { Problem } from '../../http/problem.ts'
import { insertAccount } from '../account/accounts.ts'
import { revokeCredential } from '../credentials.ts'
import type { PasswordCheck } from '../password/password-check.ts'
import { rotateRefreshToken, type SessionTokens } from './refresh-tokens.ts'
import { allScopes, narrowScope } from '../scopes.ts'
import { startSession } from './sessions.ts'
import type { Tokens } from '../tokens.ts'
import { toUser } from '../user.ts'

export interface TokenDeps {
  readonly db: Database
  readonly tokens: Tokens
  readonly refreshTokenSeconds: number
  readonly registration: 'open' | 'closed'
}

export type TokenOperation = 'registerUser' | 'createToken' | 'revokeToken'
type Schemas = components['schemas']

export function tokenHandlers(deps: TokenDeps, passwords: PasswordCheck): Pick<Handlers, TokenOperation> {
  const { db, tokens, registration } = deps
  return {
    async registerUser({ body, client }, reply) {
      if (registration === 'closed')
        throw new Problem('registration-closed', 'The operator of this server creates the accounts.')
      const passwordHash = await passwords.hashForNewcomer(body.email, body.password, client)
      if (passwordHash === undefined) throw emailTaken()
      const made = { type: 'registered', address: client.address } as const
      const account = await insertAccount(db, { email: body.email, passwordHash }, made)
      if (account === undefined) throw emailTaken()
      return reply(201, toUser(account), { Location: '/users/me' })
    },

    async createToken({ body, client }, reply) {
      const isRefresh = body.grant_type === 'refresh_token'
      const session = isRefresh ? await refresh(deps, body, client) : await logIn(deps, passwords, body, client)
      const scope = narrowScope(session.scope, body.scope)
      const accessToken = await tokens.sign({ userId: session.userId, sessionId: session.sessionId, scope })
      return reply(200, {
        access_token: accessToken,
        token_type: 'bearer',
        expires_in: tokens.accessTokenSeconds,
        refresh_token: session.refreshToken,
        scope,
      })
    },

    async revokeToken({ body, client }, reply) {
      await revokeCredential(db, tokens, body.token, client.address)
      return reply(200)
    },
  }
}

/** The password grant. */
async function logIn(
  { db, refreshTokenSeconds }: TokenDeps,
  passwords: PasswordCheck,
  grant: Schemas['PasswordGrant'],
  client: Client,
): Promise<SessionTokens> {
  const scope = narrowScope(allScopes, grant.scope)
  const account = await passwords.findMatching(grant.username, grant.password, client)
  if (account === undefined) throw wrongLogin()
  const strongerHash = await passwords.strengthen(account.password_hash, grant.password, client)
  const session = await startSession(db, { account, strongerHash, scope, idleSeconds: refreshTokenSeconds, client })
  if (session === undefined) throw wrongLogin()
  return session
}

async function refresh(
  { db, refreshTokenSeconds }: TokenDeps,
  grant: Schemas['RefreshGrant'],
  client: Client,
): Promise<SessionTokens> {
  const session = await rotateRefreshToken(db, {
    refreshToken: grant.refresh_token,
    idleSeconds: refreshTokenSeconds,
    address: client.address,
    checkScope: (available) => void narrowScope(available, grant.scope),
  })
  if (session === undefined) throw invalidGrant('The refresh token is unknown, used or expired. Log in again.')
  return session
}

function emailTaken(): Problem {
  return new Problem('email-taken', 'There is an account with this e-mail already.')
}

/** The one answer to an unknown e-mail, a wrong password and a disabled account. */
function wrongLogin(): Problem {
  return invalidGrant('The e-mail or the password is wrong.')
}

function invalidGrant(detail: string): Problem {
  return new Problem('invalid-grant', detail, { headers: { 'WWW-Authenticate': 'Bearer realm="notes-api"' } })
}
