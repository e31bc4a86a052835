import type { Database } from '../db/database.ts'
import { findLiveApiKey, isApiKey, removeApiKey } from './api-key/api-keys.ts'
import { findSessionOfToken } from './session/refresh-tokens.ts'
import { revokeSession } from './session/sessions.ts'
import type { Tokens } from './tokens.ts'

/**
 * Ends what a credential stands for: the session of a token, or an API key. Holding it is proof enough (RFC 7009 §2.1).
 * One that is unknown or over already needs nothing.
 */
export async function revokeCredential(
  db: Database,
  tokens: Tokens,
  credential: string,
  address: string,
): Promise<void> {
  if (isApiKey(credential)) {
    const key = await findLiveApiKey(db, credential)
    if (key !== undefined) await removeApiKey(db, { id: key.id, userId: key.user_id }, address)
    return
  }
  const session = credential.startsWith('nrt_')
    ? await findSessionOfToken(db, credential)
    : await sessionOfAccessToken(tokens, credential)
  if (session !== undefined) await revokeSession(db, session, address)
}

async function sessionOfAccessToken(
  tokens: Tokens,
  token: string,
): Promise<{ id: string; userId: string } | undefined> {
  const claims = await tokens.verify(token)
  return claims === undefined ? undefined : { id: claims.sessionId, userId: claims.userId }
}
