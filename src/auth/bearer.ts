import type { Caller } from '../contract/types.ts'
import type { Database } from '../db/database.ts'
import type { Problem } from '../http/problem.ts'
import { unauthorized } from '../http/unauthorized.ts'
import { findLiveApiKey, isApiKey } from './api-key/api-keys.ts'
import { knownScopes } from './scopes.ts'
import { findLiveSession } from './session/sessions.ts'
import type { Tokens } from './tokens.ts'

/** Returns a function that turns an Authorization header into its caller, or throws a 401 (RFC 6750 §3). */
export function createAuthenticate(
  db: Database,
  tokens: Tokens,
): (authorization: string | undefined) => Promise<Caller> {
  return async (authorization) => {
    if (authorization === undefined) throw unauthorized(`This operation needs ${WANTED}.`, CHALLENGE)
    const credential = credentialIn(authorization)
    const caller = isApiKey(credential)
      ? await callerOfKey(db, credential)
      : await callerOfToken(db, tokens, credential)
    if (caller === undefined) throw invalidToken('The credential is not, or no longer, valid.')
    return caller
  }
}

const CHALLENGE = 'Bearer realm="notes-api"'
const WANTED = 'an access token or an API key, sent as "Authorization: Bearer …"'

/** The token or key of an Authorization header. Throws a 401 that says what is wrong and quotes nothing of it. */
function credentialIn(authorization: string): string {
  const [, credential] = /^Bearer +([A-Za-z0-9._~+/-]{1,4096}=*)$/i.exec(authorization) ?? []
  if (credential !== undefined) return credential
  // Another scheme, or a credential without one: no error code, as without any credential (RFC 6750 §3.1).
  if (!/^Bearer(?![A-Za-z0-9._~+/-])/i.test(authorization)) {
    const detail = `The Authorization header does not begin with "Bearer". This operation needs ${WANTED}.`
    throw unauthorized(detail, CHALLENGE)
  }
  throw invalidToken('After "Bearer", the Authorization header must have a space and one access token or API key.')
}

function invalidToken(detail: string): Problem {
  return unauthorized(detail, `${CHALLENGE}, error="invalid_token"`)
}

async function callerOfKey(db: Database, key: string): Promise<Caller | undefined> {
  const row = await findLiveApiKey(db, key)
  if (row === undefined) return undefined
  return {
    userId: row.user_id,
    credential: { kind: 'api_key', id: row.id },
    scopes: knownScopes(row.scope),
    expiresAt: Date.parse(row.expires_at),
  }
}

async function callerOfToken(db: Database, tokens: Tokens, token: string): Promise<Caller | undefined> {
  const claims = token === '' ? undefined : await tokens.verify(token)
  if (claims === undefined) return undefined
  // A valid signature is not enough: the session may have ended since.
  const session = await findLiveSession(db, claims.sessionId)
  if (session?.user_id !== claims.userId) return undefined
  return {
    userId: claims.userId,
    credential: { kind: 'session', id: claims.sessionId },
    scopes: knownScopes(claims.scope),
    expiresAt: claims.expiresAt,
  }
}
