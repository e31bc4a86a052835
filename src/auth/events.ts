import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'

/** All of them stand in the contract's description, because the list there is open to new ones. */
export const eventTypes = [
  'registered',
  'login',
  'login_failed',
  'refresh_token_reused',
  'session_revoked',
  'password_changed',
  'email_changed',
  'api_key_created',
  'api_key_revoked',
  'operator_created_account',
  'operator_disabled_account',
  'operator_enabled_account',
  'operator_reset_password',
  'operator_revoked_sessions',
] as const
export type EventType = (typeof eventTypes)[number]

export interface NewEvent {
  readonly type: EventType
  readonly userId: string
  /** Where the request came from; undefined for a command of the operator. */
  readonly address: string | undefined
  /** The session or API key concerned. */
  readonly subjectId?: string
}

/** A page of events begins after this one, newest first. */
export interface EventPosition {
  readonly created_at: string
  readonly id: string
}

const KEPT_DAYS = 400
const KEPT_FAILURES = 200
const KEPT_OTHERS = 800

/**
 * Records an event in the transaction of the change itself, so that both are committed or neither is. Deletes the
 * oldest events above the limit of an account.
 */
export async function recordEvent(tx: Tx, { type, userId, address, subjectId }: NewEvent): Promise<void> {
  await tx
    .insertInto('security_events')
    .values({ id: uuidv7(), user_id: userId, type, subject_id: subjectId ?? null, address: addressColumn(address) })
    .execute()
  await sql`
    delete from security_events where user_id = ${userId} and id in (
      select id from security_events where user_id = ${userId} and type <> 'login_failed'
      order by created_at desc, id desc offset ${sql.lit(KEPT_OTHERS)})`.execute(tx)
}

/**
 * Records a failed login, if there is such an account. It is one statement in either case, so that its duration reveals
 * little about whether there is. Failures have a limit of their own: a stranger cannot push out the other events.
 */
export async function recordFailedLogin(db: Database, accountKey: string, address: string): Promise<void> {
  await sql`
    with account as (select id from users where email_key = ${accountKey}),
    old as (
      delete from security_events where id in (
        select event.id from security_events event join account on event.user_id = account.id
        where event.type = 'login_failed'
        order by event.created_at desc, event.id desc offset ${sql.lit(KEPT_FAILURES - 1)}))
    insert into security_events (id, user_id, type, address)
    select ${uuidv7()}, id, 'login_failed', ${addressColumn(address)} from account`.execute(db)
}

/** Records that an account was deleted, without saying which. */
export async function recordDeletion(tx: Tx): Promise<void> {
  await tx.insertInto('security_events').values({ id: uuidv7(), type: 'account_deleted' }).execute()
}

export async function findEvents(
  db: Database,
  userId: string,
  page: { readonly limit: number; readonly after: EventPosition | undefined },
) {
  const { after, limit } = page
  const events = db
    .selectFrom('security_events')
    .select(['id', 'type', 'subject_id', 'address', 'created_at'])
    .where('user_id', '=', userId)
    .where('created_at', '>', sql<string>`now() - make_interval(days => ${sql.lit(KEPT_DAYS)})`)
  const rest =
    after === undefined
      ? events
      : events.where(sql<boolean>`(created_at, id) < (${after.created_at}::timestamptz, ${after.id}::uuid)`)
  return rest.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute()
}

/** Deletes up to `max` events that are too old to keep. Replicas may run it in parallel. */
export async function purgeOldEvents(db: Database, max = 1_000): Promise<number> {
  const old = db
    .selectFrom('security_events')
    .select('id')
    .where('created_at', '<', sql<string>`now() - make_interval(days => ${sql.lit(KEPT_DAYS)})`)
    .limit(max)
    .forUpdate()
    .skipLocked()
  const { numDeletedRows } = await db.deleteFrom('security_events').where('id', 'in', old).executeTakeFirst()
  return Number(numDeletedRows)
}

function addressColumn(address: string | undefined): string | null {
  return address === undefined || address === 'unknown' ? null : address
}
