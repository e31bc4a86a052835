import { sql, type Transaction } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import type { DB } from '../../../generated/db.d.ts'
import type { Client } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import { type Account, lockAccount, setPasswordHash } from '../account/accounts.ts'
import { recordEvent } from '../events.ts'
import { addRefreshToken, type SessionTokens } from './refresh-tokens.ts'

/** A session ends this long after its login, however often it was refreshed. */
const ABSOLUTE_DAYS = 90
/** The contract's bound on the list of sessions; a further login ends the oldest. */
const MOST_SESSIONS = 100

interface Login {
  /** The account as it was when its password was checked. */
  readonly account: Account
  /** Takes the place of a hash that was made with weaker parameters than today's. */
  readonly strongerHash: string | undefined
  readonly scope: string
  readonly idleSeconds: number
  readonly client: Client
}

/** Starts a session; undefined when the password was changed or the account disabled while the hash was computed. */
export function startSession(
  db: Database,
  { account, strongerHash, scope, idleSeconds, client }: Login,
): Promise<SessionTokens | undefined> {
  const sessionId = uuidv7()
  return db.transaction().execute(async (transaction) => {
    if (!(await lockAccount(transaction, account))) return undefined
    if (strongerHash !== undefined) await setPasswordHash(transaction, account.id, strongerHash)
    await endOldest(transaction, account.id)
    const origin = {
      address: client.address === 'unknown' ? null : client.address,
      user_agent: client.userAgent ?? null,
    }
    const expires_at = sql<string>`now() + make_interval(days => ${sql.lit(ABSOLUTE_DAYS)})`
    await transaction
      .insertInto('sessions')
      .values({ id: sessionId, user_id: account.id, scope, expires_at, ...origin })
      .execute()
    const refreshToken = await addRefreshToken(transaction, sessionId, idleSeconds)
    await recordEvent(transaction, { type: 'login', userId: account.id, address: client.address, subjectId: sessionId })
    return { sessionId, userId: account.id, scope, refreshToken }
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

/** The sessions of an account that can still go on, the latest login first. */
export function listSessions(db: Database, userId: string) {
  return db
    .selectFrom('sessions')
    .innerJoin('refresh_tokens as token', 'token.session_id', 'sessions.id')
    .select(['sessions.id', 'sessions.scope', 'sessions.address', 'sessions.user_agent', 'sessions.created_at'])
    .select(sql<string>`max(token.created_at)`.as('last_used_at'))
    .select(sql<string>`least(sessions.expires_at, max(token.expires_at))`.as('expires_at'))
    .where('sessions.user_id', '=', userId)
    .where('sessions.ended_at', 'is', null)
    .where('sessions.expires_at', '>', sql<string>`now()`)
    .groupBy('sessions.id')
    .having(sql<boolean>`bool_or(token.used_at is null and token.expires_at > now())`)
    .orderBy('sessions.created_at', 'desc')
    .orderBy('sessions.id', 'desc')
    .limit(MOST_SESSIONS)
    .execute()
}

/** Ends one session and says so in the list of events. Answers false when there is no such session, or it is over. */
export function revokeSession(
  db: Database,
  session: { readonly id: string; readonly userId: string },
  address: string,
): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    if (!(await endSession(transaction, session))) return false
    await recordEvent(transaction, { type: 'session_revoked', userId: session.userId, address, subjectId: session.id })
    return true
  })
}

export async function endSession(
  transaction: Transaction<DB>,
  session: { readonly id: string; readonly userId: string },
): Promise<boolean> {
  const update = transaction.updateTable('sessions').set({ ended_at: sql<string>`now()` })
  const { numUpdatedRows } = await update
    .where('id', '=', session.id)
    .where('user_id', '=', session.userId)
    .where('ended_at', 'is', null)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** Ends every session of an account but one, and answers how many that were. */
export async function endSessions(transaction: Transaction<DB>, userId: string, except?: string): Promise<number> {
  const update = transaction.updateTable('sessions').set({ ended_at: sql<string>`now()` })
  const { numUpdatedRows } = await update
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
    .$if(except !== undefined, (some) => some.where('id', '!=', except ?? ''))
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

/** Makes room for one more. */
async function endOldest(transaction: Transaction<DB>, userId: string): Promise<void> {
  const alive = transaction
    .selectFrom('sessions')
    .select('id')
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
  const newest = alive.orderBy('created_at', 'desc').orderBy('id', 'desc')
  await transaction
    .updateTable('sessions')
    .set({ ended_at: sql<string>`now()` })
    .where('id', 'in', newest.offset(MOST_SESSIONS - 1))
    .execute()
}

/** Deletes sessions that are over for long, with their tokens, at most so many. Replicas may do it at once. */
export async function purgeOldSessions(db: Database, most = 1_000): Promise<number> {
  const monthAgo = sql<string>`now() - interval '30 days'`
  const over = db
    .selectFrom('sessions')
    .select('id')
    .where((row) => row.or([row('ended_at', '<', monthAgo), row('expires_at', '<', monthAgo)]))
    .limit(most)
    .forUpdate()
    .skipLocked()
  const { numDeletedRows } = await db.deleteFrom('sessions').where('id', 'in', over).executeTakeFirst()
  return Number(numDeletedRows)
}
