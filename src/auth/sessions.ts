import { createHash, randomBytes } from 'node:crypto'
import { sql, type Transaction } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import type { DB } from '../../generated/db.d.ts'
import type { Database } from '../db/database.ts'

/** A session ends this long after its login, however often it was refreshed. */
const ABSOLUTE_DAYS = 90
/** A client that lost the answer may repeat its refresh once within this time. */
const RETRY_SECONDS = 10

export interface SessionTokens {
  readonly sessionId: string
  readonly userId: string
  readonly scope: string
  readonly refreshToken: string
}

export function startSession(db: Database, userId: string, scope: string, idleSeconds: number): Promise<SessionTokens> {
  const sessionId = uuidv7()
  return db.transaction().execute(async (transaction) => {
    const expires = sql<string>`now() + make_interval(days => ${ABSOLUTE_DAYS})`
    await transaction.insertInto('sessions').values({ id: sessionId, user_id: userId, scope, expires_at: expires }).execute()
    const refreshToken = await addRefreshToken(transaction, sessionId, idleSeconds)
    return { sessionId, userId, scope, refreshToken }
  })
}

/**
 * Uses up a refresh token and answers the one that takes its place; undefined when the token is not, or no longer,
 * good. A used token that turns up again ends its session (RFC 9700 §4.14.2), and that is committed although the
 * request is refused: this function answers and never throws once it has written. `checkScope` may throw; then the
 * token is not used up.
 */
export function rotateRefreshToken(
  db: Database,
  refreshToken: string,
  idleSeconds: number,
  checkScope: (sessionScope: string) => void,
): Promise<SessionTokens | undefined> {
  const hash = hashToken(refreshToken)
  return db.transaction().execute(async (transaction) => {
    const token = await lockToken(transaction, hash)
    if (token === undefined || !token.is_usable) return undefined
    checkScope(token.scope)

    if (token.used) {
      if (token.is_replay) await endSession(transaction, token.session_id)
      if (token.is_replay || token.retried) return undefined
      // The one retry: it takes the place of the answer that was lost, which then opens nothing any more.
      await transaction.deleteFrom('refresh_tokens').where('token_hash', '=', token.replaced_by).execute()
    }
    const next = await addRefreshToken(transaction, token.session_id, idleSeconds)
    await transaction
      .updateTable('refresh_tokens')
      .set({ used_at: sql`coalesce(used_at, now())`, retried: token.used, replaced_by: hashToken(next) })
      .where('token_hash', '=', hash)
      .execute()
    return { sessionId: token.session_id, userId: token.user_id, scope: token.scope, refreshToken: next }
  })
}

/** Who a session belongs to, while it and its account are alive. */
export function findLiveSession(db: Database, sessionId: string): Promise<{ user_id: string } | undefined> {
  return db
    .selectFrom('sessions')
    .innerJoin('users', 'users.id', 'sessions.user_id')
    .select('sessions.user_id')
    .where('sessions.id', '=', sessionId)
    .where('sessions.ended_at', 'is', null)
    .where('sessions.expires_at', '>', sql<string>`now()`)
    .where('users.is_active', '=', true)
    .executeTakeFirst()
}

/** Reads a refresh token under a lock on its session, so that parallel refreshes of one family take turns. */
async function lockToken(transaction: Transaction<DB>, hash: Buffer) {
  const family = await transaction.selectFrom('refresh_tokens').select('session_id').where('token_hash', '=', hash).executeTakeFirst()
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
      sql<boolean>`token.used_at < now() - make_interval(secs => ${RETRY_SECONDS}) or next.used_at is not null`.as('is_replay'),
      sql<boolean>`session.ended_at is null and session.expires_at > now() and token.expires_at > now()
        and account.is_active`.as('is_usable'),
    ])
    .where('token.token_hash', '=', hash)
    .executeTakeFirst()
}

async function addRefreshToken(transaction: Transaction<DB>, sessionId: string, idleSeconds: number): Promise<string> {
  const token = `nrt_${randomBytes(32).toString('base64url')}`
  const expires = sql<string>`now() + make_interval(secs => ${idleSeconds})`
  await transaction
    .insertInto('refresh_tokens')
    .values({ token_hash: hashToken(token), session_id: sessionId, expires_at: expires })
    .execute()
  return token
}

async function endSession(transaction: Transaction<DB>, sessionId: string): Promise<void> {
  const update = transaction.updateTable('sessions').set({ ended_at: sql`now()` })
  await update.where('id', '=', sessionId).where('ended_at', 'is', null).execute()
}

/** A refresh token has 256 random bits, so a plain hash is enough: there is nothing to guess. */
function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
