import { v7 as uuidv7 } from 'uuid'
import type { components } from '../../generated/openapi.d.ts'
import { scopes } from '../../generated/security.ts'
import type { Handlers, Request } from '../contract/types.ts'
import type { Database } from '../db/database.ts'
import { Problem, validationFailed } from '../http/problem.ts'
import { type Account, findAccount, findAccountByEmail, insertAccount, replacePasswordHash } from './accounts.ts'
import { knownScopes, unauthorized } from './bearer.ts'
import { hashPassword, isWeakHash, verifyPassword } from './passwords.ts'
import { rotateRefreshToken, type SessionTokens, startSession } from './sessions.ts'
import type { Tokens } from './tokens.ts'

export interface AuthDeps {
  readonly db: Database
  readonly tokens: Tokens
  readonly refreshTokenSeconds: number
}

type Schemas = components['schemas']

export async function authHandlers(deps: AuthDeps): Promise<Pick<Handlers, 'registerUser' | 'createToken' | 'getMe'>> {
  const { db, tokens } = deps
  const logIn = await createLogIn(deps)
  return {
    async registerUser({ body }, reply) {
      const passwordHash = await hashPassword(body.password)
      const account = await insertAccount(db, { id: uuidv7(), email: body.email, passwordHash })
      if (account === undefined) throw new Problem('email-taken', 'There is an account with this e-mail already.')
      return reply(201, toUser(account), { Location: '/users/me' })
    },

    async createToken({ body }, reply) {
      const session = body.grant_type === 'refresh_token' ? await refresh(deps, body) : await logIn(body)
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

    async getMe({ caller }, reply) {
      const account = await findAccount(db, caller.userId)
      // Deleted between the check of the credential and here.
      if (account === undefined) throw unauthorized('The account is gone.', 'Bearer realm="notes-api", error="invalid_token"')
      return reply(200, toUser(account))
    },
  }
}

/** The password grant. Whatever is wrong costs one hash and answers alike, so that nobody learns who has an account. */
async function createLogIn({ db, refreshTokenSeconds }: AuthDeps): Promise<(grant: Schemas['PasswordGrant']) => Promise<SessionTokens>> {
  const nobodysHash = await hashPassword(uuidv7())
  return async (grant) => {
    const scope = narrowScope(scopes.join(' '), grant.scope)
    const account = await findAccountByEmail(db, grant.username)
    const matches = await verifyPassword(account?.password_hash ?? nobodysHash, grant.password)
    if (account === undefined || !matches || !account.is_active) throw invalidGrant('The e-mail or the password is wrong.')
    if (isWeakHash(account.password_hash)) {
      await replacePasswordHash(db, account.id, account.password_hash, await hashPassword(grant.password))
    }
    return startSession(db, account.id, scope, refreshTokenSeconds)
  }
}

async function refresh(deps: AuthDeps, grant: Schemas['RefreshGrant']): Promise<SessionTokens> {
  const session = await rotateRefreshToken(deps.db, grant.refresh_token, deps.refreshTokenSeconds, (available) => {
    narrowScope(available, grant.scope)
  })
  if (session === undefined) throw invalidGrant('The refresh token is unknown, used or expired. Log in again.')
  return session
}

/** The scopes asked for, if they may be had; all that may be had when none are named (RFC 6749 §3.3). */
function narrowScope(available: string, wanted: Request<'createToken'>['body']['scope']): string {
  const words = (wanted ?? '').split(' ').filter((word) => word !== '')
  if (words.length === 0) return available
  const granted = knownScopes(available).filter((scope) => words.includes(scope))
  const refused = words.filter((word) => !granted.some((scope) => scope === word))
  if (refused.length === 0) return granted.join(' ')
  throw validationFailed([{ loc: ['body', 'scope'], pointer: '/scope', msg: `May be any of: ${available}.`, type: 'invalid_scope' }])
}

function invalidGrant(detail: string): Problem {
  return new Problem('invalid-grant', detail, { headers: { 'WWW-Authenticate': 'Bearer realm="notes-api"' } })
}

function toUser({ id, email, is_active, created_at }: Account): Schemas['User'] {
  return { id, email, is_active, created_at }
}
