import { createHash, createHmac, randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { Database } from '../../db/database.ts'
import { inTransaction, type Tx } from '../../db/transaction.ts'
import { recordEvent } from '../events.ts'

/** How long a refresh may be repeated: by a client that did not receive the answer, or by its other tabs. */
const RETRY_SECONDS = 10

const PREFIX = 'nrt_'

export interface SessionTokens {
  readonly sessionId: string
  readonly userId: string
  readonly scope: string
  readonly refreshToken: string
}

interface Refresh {
  readonly refreshToken: string
  /** Successors are made with the first one; those made with another one are recognized. */
  readonly keys: readonly Uint8Array[]
  readonly idleSeconds: number
  /** Where the request came from. */
  readonly address: string
  /** May throw; then the token stays unused. */
  readonly checkScope: (sessionScope: string) => void
}

/**
 * Exchanges a refresh token for its successor; undefined if the token is unknown, used or expired. Within the grace a
 * used token gets the same successor again, so that each of several tabs has a living token and there is still only one
 * branch. Any other use of a used token ends its session (RFC 9700 §4.14.2). That must be committed although the
 * request is refused, so reuse returns undefined instead of throwing.
 */
export function rotateRefreshToken(
  db: Database,
  { refreshToken, keys, idleSeconds, address, checkScope }: Refresh,
): Promise<SessionTokens | undefined> {
  const hash = hashToken(refreshToken)
  const successors = keys.map((key) => successorOf(refreshToken, key))
  return inTransaction(db, async (tx) => {
    const token = await lockToken(tx, hash)
    if (token === undefined || !token.is_usable) return undefined
    if (token.is_replay) {
      await endFamily(tx, token, address)
      return undefined
    }
    checkScope(token.scope)
    const { replaced_by } = token
    const next =
      replaced_by === null ? successors[0] : successors.find((successor) => hashToken(successor).equals(replaced_by))
    // Its successor was made with a secret key that this server does not know.
    if (next === undefined) return undefined
    if (replaced_by === null) await replaceToken(tx, hash, { session_id: token.session_id, next, idleSeconds })
    return { sessionId: token.session_id, userId: token.user_id, scope: token.scope, refreshToken: next }
  })
}

async function replaceToken(
  tx: Tx,
  hash: Buffer,
  { session_id, next, idleSeconds }: { session_id: string; next: string; idleSeconds: number },
): Promise<void> {
  await storeRefreshToken(tx, session_id, next, idleSeconds)
  await tx
    .updateTable('refresh_tokens')
    .set({ used_at: sql`now()`, replaced_by: hashToken(next) })
    .where('token_hash', '=', hash)
    .execute()
}

/**
 * The token that follows another one. It is computed, not drawn, so that a repeated refresh gets the same one although
 * only hashes are stored. Without the secret key it cannot be told from a random one.
 */
function successorOf(refreshToken: string, key: Uint8Array): string {
  return `${PREFIX}${createHmac('sha256', key).update(refreshToken).digest('base64url')}`
}

/** Reads a refresh token under a lock on its session, which serializes parallel refreshes of one family. */
async function lockToken(tx: Tx, hash: Buffer) {
  const family = await tx
    .selectFrom('refresh_tokens')
    .select('session_id')
    .where('token_hash', '=', hash)
    .executeTakeFirst()
  if (family === undefined) return undefined
  await tx.selectFrom('sessions').select('id').where('id', '=', family.session_id).forUpdate().execute()
  return tx
    .selectFrom('refresh_tokens as token')
    .innerJoin('sessions as session', 'session.id', 'token.session_id')
    .innerJoin('users as account', 'account.id', 'session.user_id')
    .leftJoin('refresh_tokens as next', 'next.token_hash', 'token.replaced_by')
    .select([
      'token.session_id',
      'token.replaced_by',
      'session.user_id',
      'session.scope',
      sql<boolean>`token.used_at < now() - make_interval(secs => ${RETRY_SECONDS}) or next.used_at is not null`.as(
        'is_replay',
      ),
      sql<boolean>`session.ended_at is null and session.expires_at > now() and token.expires_at > now()
        and account.is_active`.as('is_usable'),
    ])
    .where('token.token_hash', '=', hash)
    .executeTakeFirst()
}

/** Gives a new session its first refresh token. */
export async function addRefreshToken(tx: Tx, sessionId: string, idleSeconds: number): Promise<string> {
  const token = `${PREFIX}${randomBytes(32).toString('base64url')}`
  await storeRefreshToken(tx, sessionId, token, idleSeconds)
  return token
}

async function storeRefreshToken(tx: Tx, sessionId: string, token: string, idleSeconds: number): Promise<void> {
  const expires = sql<string>`now() + make_interval(secs => ${idleSeconds})`
  await tx
    .insertInto('refresh_tokens')
    .values({ token_hash: hashToken(token), session_id: sessionId, expires_at: expires })
    .execute()
}

/** A copy of the token exists, perhaps stolen. We cannot tell which client owns the session, so it ends for both. */
async function endFamily(
  tx: Tx,
  { session_id, user_id }: { readonly session_id: string; readonly user_id: string },
  address: string,
): Promise<void> {
  await tx
    .updateTable('sessions')
    .set({ ended_at: sql`now()` })
    .where('id', '=', session_id)
    .execute()
  await recordEvent(tx, { type: 'refresh_token_reused', userId: user_id, address, subjectId: session_id })
}

/** The session of a refresh token, even if either has ended. */
export async function findSessionOfToken(
  db: Database,
  refreshToken: string,
): Promise<{ id: string; userId: string } | undefined> {
  return db
    .selectFrom('refresh_tokens')
    .innerJoin('sessions', 'sessions.id', 'refresh_tokens.session_id')
    .select(['sessions.id', 'sessions.user_id as userId'])
    .where('token_hash', '=', hashToken(refreshToken))
    .executeTakeFirst()
}

/** A refresh token has 256 random bits and cannot be guessed, so one round of SHA-256 is enough. */
function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
