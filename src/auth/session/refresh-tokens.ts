import { createHash, randomBytes } from 'node:crypto'
import { sql, type Transaction } from 'kysely'
import type { DB } from '../../../generated/db.d.ts'
import type { Database } from '../../db/database.ts'
import { recordEvent } from '../events.ts'

/** A client that lost the answer may repeat its refresh once within this time. */
const RETRY_SECONDS = 10

export interface SessionTokens {
  readonly sessionId: string
  readonly userId: string
  readonly scope: string
  readonly refreshToken: string
}

interface Refresh {
  readonly refreshToken: string
  readonly idleSeconds: number
  /** Where the request came from. */
  readonly address: string
  /** May throw; then the token is not used up. */
  readonly checkScope: (sessionScope: string) => void
}

/**
 * Uses up a refresh token and answers the one that takes its place; undefined when the token is not, or no longer,
 * good. A used token that turns up again ends its session (RFC 9700 §4.14.2), and that is committed although the
 * request is refused: this function answers and never throws once it has written.
 */
export function rotateRefreshToken(
  db: Database,
  { refreshToken, idleSeconds, address, checkScope }: Refresh,
): Promise<SessionTokens | undefined> {
  const hash = hashToken(refreshToken)
  return db.transaction().execute(async (transaction) => {
    const token = await lockToken(transaction, hash)
    if (token === undefined || !token.is_usable) return undefined
    if (token.is_replay) await endFamily(transaction, token, address)
    if (token.is_replay || token.retried) return undefined
    checkScope(token.scope)
    // The one retry: it takes the place of the answer that was lost, which then opens nothing any more.
    if (token.used) await transaction.deleteFrom('refresh_tokens').where('token_hash', '=', token.replaced_by).execute()
    const next = await addRefreshToken(transaction, token.session_id, idleSeconds)
    await transaction
      .updateTable('refresh_tokens')
      .set({ used_at: sql`coalesce(used_at, now())`, retried: token.used, replaced_by: hashToken(next) })
      .where('token_hash', '=', hash)
      .execute()
    return { sessionId: token.session_id, userId: token.user_id, scope: token.scope, refreshToken: next }
  })
}

/** Reads a refresh token under a lock on its session, so that parallel refreshes of one family take turns. */
async function lockToken(transaction: Transaction<DB>, hash: Buffer) {
  const family = await transaction
    .selectFrom('refresh_tokens')
    .select('session_id')
    .where('token_hash', '=', hash)
    .executeTakeFirst()
  if (family === undefined) return undefined
  await transaction.selectFrom('sessions').select('id').where('id', '=', family.session_id).forUpdate().execute()
  return transaction
    .selectFrom('refresh_tokens as token')
    .innerJoin('sessions as session', 'session.id', 'token.session_id')
    .innerJoin('users as account', 'account.id', 'session.user_id')
    .leftJoin('refresh_tokens as next', 'next.token_hash', 'token.replaced_by')
    .select([
      'token.session_id',
      'token.replaced_by',
      'session.user_id',
      'session.scope',
      sql<boolean>`token.used_at is not null`.as('used'),
      'token.retried',
      sql<boolean>`token.used_at < now() - make_interval(secs => ${RETRY_SECONDS}) or next.used_at is not null`.as(
        'is_replay',
      ),
      sql<boolean>`session.ended_at is null and session.expires_at > now() and token.expires_at > now()
        and account.is_active`.as('is_usable'),
    ])
    .where('token.token_hash', '=', hash)
    .executeTakeFirst()
}

export async function addRefreshToken(
  transaction: Transaction<DB>,
  sessionId: string,
  idleSeconds: number,
): Promise<string> {
  const token = `nrt_${randomBytes(32).toString('base64url')}`
  const expires = sql<string>`now() + make_interval(secs => ${idleSeconds})`
  await transaction
    .insertInto('refresh_tokens')
    .values({ token_hash: hashToken(token), session_id: sessionId, expires_at: expires })
    .execute()
  return token
}

/** Somebody holds a copy. Which of the two is the thief cannot be told, so both lose the session. */
async function endFamily(
  transaction: Transaction<DB>,
  { session_id, user_id }: { readonly session_id: string; readonly user_id: string },
  address: string,
): Promise<void> {
  await transaction
    .updateTable('sessions')
    .set({ ended_at: sql`now()` })
    .where('id', '=', session_id)
    .execute()
  await recordEvent(transaction, { type: 'refresh_token_reused', userId: user_id, address, subjectId: session_id })
}

/** The session of a refresh token, whatever became of either. */
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

/** A refresh token has 256 random bits, so a plain hash is enough: there is nothing to guess. */
function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
