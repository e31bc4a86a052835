import type { Database } from '../db/database.ts'
import { findLiveApiKey, isApiKey, deleteApiKey } from './api-key/api-keys.ts'
import { findSessionOfToken } from './session/refresh-tokens.ts'
import { endSession } from './session/sessions.ts'
import type { Tokens } from './tokens.ts'

/**
 * Revokes a credential: ends the session of a token, or deletes an API key. No other authentication is needed
 * (RFC 7009 §2.1). An unknown or ended credential is not an error (§2.2).
 */
export async function revokeCredential(
  db: Database,
  tokens: Tokens,
  credential: string,
  address: string,
): Promise<void> {
  if (isApiKey(credential)) {
    const key = await findLiveApiKey(db, credential)
    if (key !== undefined) await deleteApiKey(db, { id: key.id, userId: key.user_id }, address)
    return
  }
  const session = credential.startsWith('nrt_')
    ? await findSessionOfToken(db, credential)
    : await sessionOfAccessToken(tokens, credential)
  if (session !== undefined) await endSession(db, session, address)
}

async function sessionOfAccessToken(
  tokens: Tokens,
  token: string,
): Promise<{ id: string; userId: string } | undefined> {
  const claims = await tokens.verify(token)
  return claims === undefined ? undefined : { id: claims.sessionId, userId: claims.userId }
}
