import { scopes, type Scope } from '../../generated/security.ts'
import type { Caller } from '../contract/types.ts'
import type { Database } from '../db/database.ts'
import { Problem } from '../http/problem.ts'
import { findLiveSession } from './sessions.ts'
import type { Tokens } from './tokens.ts'

/** Makes the function that turns an Authorization header into its caller, or throws the 401 (RFC 6750 §3). */
export function createAuthenticate(db: Database, tokens: Tokens): (authorization: string | undefined) => Promise<Caller> {
  return async (authorization) => {
    if (authorization === undefined) {
      throw unauthorized('This operation needs an access token, sent as "Authorization: Bearer …".', 'Bearer realm="notes-api"')
    }
    const [, token] = /^Bearer +([A-Za-z0-9._~+/-]{1,4096}=*)$/i.exec(authorization) ?? []
    const claims = token === undefined ? undefined : await tokens.verify(token)
    // A token outlives its session only on paper.
    const session = claims === undefined ? undefined : await findLiveSession(db, claims.sessionId)
    if (claims === undefined || session?.user_id !== claims.userId) {
      throw unauthorized('The access token is not, or no longer, valid.', 'Bearer realm="notes-api", error="invalid_token"')
    }
    return { userId: claims.userId, sessionId: claims.sessionId, scopes: knownScopes(claims.scope) }
  }
}

/** The scopes in a space-separated list that the contract knows. */
export function knownScopes(list: string): Scope[] {
  const words = new Set(list.split(' '))
  return scopes.filter((scope) => words.has(scope))
}

export function unauthorized(detail: string, challenge: string): Problem {
  return new Problem('unauthorized', detail, { headers: { 'WWW-Authenticate': challenge } })
}
