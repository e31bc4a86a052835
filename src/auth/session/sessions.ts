import { listLimits } from '../../../generated/limits.ts'
import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import type { Client } from '../../contract/types.ts'
import type { Database } from '../../db/database.ts'
import { inTransaction, type Tx } from '../../db/transaction.ts'
import { type Account, lockAccount, setPasswordHash } from '../account/accounts.ts'
import { recordEvent } from '../events.ts'
import { addRefreshToken, type SessionTokens } from './refresh-tokens.ts'

/** A session ends this many days after its login, regardless of refreshes. */
const ABSOLUTE_DAYS = 90
/** The contract's bound on the list of sessions; another login ends the oldest. */
const MAX_SESSIONS = listLimits.listSessions

interface Login {
  /** As it was when its password was checked. */
  readonly account: Account
  /** Replaces a hash that was computed with lower costs than today's. */
  readonly strongerHash: string | undefined
  readonly scope: string
  readonly idleSeconds: number
  readonly client: Client
}

/** Starts a session; undefined if the account changed since its password was checked. */
export function startSession(
  db: Database,
  { account, strongerHash, scope, idleSeconds, client }: Login,
): Promise<SessionTokens | undefined> {
  const sessionId = uuidv7()
  return inTransaction(db, async (tx) => {
    if (!(await lockAccount(tx, account))) return undefined
    if (strongerHash !== undefined) await setPasswordHash(tx, account.id, strongerHash)
    await endOldest(tx, account.id)
    const origin = {
      address: client.address === 'unknown' ? null : client.address,
      user_agent: client.userAgent ?? null,
    }
    const expires_at = sql<string>`now() + make_interval(days => ${sql.lit(ABSOLUTE_DAYS)})`
    await tx
      .insertInto('sessions')
      .values({ id: sessionId, user_id: account.id, scope, expires_at, ...origin })
      .execute()
    const refreshToken = await addRefreshToken(tx, sessionId, idleSeconds)
    await recordEvent(tx, { type: 'login', userId: account.id, address: client.address, subjectId: sessionId })
    return { sessionId, userId: account.id, scope, refreshToken }
  })
}

/** The owner of a session that has not ended and whose account is active. */
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

/** The sessions of an account that can still be refreshed, the latest login first. */
export function findSessions(db: Database, userId: string) {
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
    .limit(MAX_SESSIONS)
    .execute()
}

/** Ends one session and records that. Returns false if there is no such session or it has ended already. */
export function endSession(
  db: Database,
  session: { readonly id: string; readonly userId: string },
  address: string,
): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    const update = tx.updateTable('sessions').set({ ended_at: sql<string>`now()` })
    const { numUpdatedRows } = await update
      .where('id', '=', session.id)
      .where('user_id', '=', session.userId)
      .where('ended_at', 'is', null)
      .executeTakeFirst()
    if (numUpdatedRows === 0n) return false
    await recordEvent(tx, { type: 'session_revoked', userId: session.userId, address, subjectId: session.id })
    return true
  })
}

/** Ends all sessions of an account, or all but one. Returns how many it ended. */
export async function endSessions(tx: Tx, userId: string, except?: string): Promise<number> {
  const update = tx.updateTable('sessions').set({ ended_at: sql<string>`now()` })
  const { numUpdatedRows } = await update
    .where('user_id', '=', userId)
    .where('ended_at', 'is', null)
    .$if(except !== undefined, (some) => some.where('id', '!=', except ?? ''))
    .executeTakeFirst()
  return Number(numUpdatedRows)
}

/** Makes room for one more session. */
async function endOldest(tx: Tx, userId: string): Promise<void> {
  const alive = tx.selectFrom('sessions').select('id').where('user_id', '=', userId).where('ended_at', 'is', null)
  const newest = alive.orderBy('created_at', 'desc').orderBy('id', 'desc')
  await tx
    .updateTable('sessions')
    .set({ ended_at: sql<string>`now()` })
    .where('id', 'in', newest.offset(MAX_SESSIONS - 1))
    .execute()
}

/** Deletes up to `max` sessions that ended over 30 days ago, with their tokens. Replicas may run it in parallel. */
export async function purgeOldSessions(db: Database, max = 1_000): Promise<number> {
  const monthAgo = sql<string>`now() - interval '30 days'`
  const ended = db
    .selectFrom('sessions')
    .select('id')
    .where((row) => row.or([row('ended_at', '<', monthAgo), row('expires_at', '<', monthAgo)]))
    .limit(max)
    .forUpdate()
    .skipLocked()
  const { numDeletedRows } = await db.deleteFrom('sessions').where('id', 'in', ended).executeTakeFirst()
  return Number(numDeletedRows)
}
