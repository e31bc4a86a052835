import { sql, type Transaction } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import type { DB } from '../../generated/db.d.ts'
import type { components } from '../../generated/openapi.d.ts'
import type { Database } from '../db/database.ts'

type SecurityEvent = components['schemas']['SecurityEvent']
export type EventType = SecurityEvent['type']

/** What happened, to whom, and where the request came from; undefined when the operator did it on the machine itself. */
export interface Happening {
  readonly type: EventType
  readonly userId: string
  readonly address: string | undefined
  /** The session or API key concerned. */
  readonly subjectId?: string
}

/** Where a page of events begins: after this one, in the order newest first. */
export interface EventPosition {
  readonly created_at: string
  readonly id: string
}

const KEPT_DAYS = 400
const KEPT_FAILURES = 200
const KEPT_OTHERS = 800

/**
 * Records what happened in the transaction in which it happens: both are there afterwards, or neither is. An account
 * keeps so many events; the oldest give way.
 */
export async function recordEvent(
  transaction: Transaction<DB>,
  { type, userId, address, subjectId }: Happening,
): Promise<void> {
  await transaction
    .insertInto('security_events')
    .values({ id: uuidv7(), user_id: userId, type, subject_id: subjectId ?? null, address: addressColumn(address) })
    .execute()
  await sql`
    delete from security_events where user_id = ${userId} and id in (
      select id from security_events where user_id = ${userId} and type <> 'login_failed'
      order by created_at desc, id desc offset ${sql.lit(KEPT_OTHERS)})`.execute(transaction)
}

/**
 * Records a failed login, if there is such an account. One statement in any case, so that the time it takes says little
 * of whether there is. Failures have room of their own: a stranger cannot push the rest of the list out.
 */
export async function recordFailedLogin(db: Database, accountKey: string, address: string): Promise<void> {
  await sql`
    with account as (select id from users where email_key = ${accountKey}),
    old as (
      delete from security_events where id in (
        select event.id from security_events event join account on event.user_id = account.id
        where event.type = 'login_failed' order by event.created_at desc, event.id desc offset ${sql.lit(KEPT_FAILURES - 1)}))
    insert into security_events (id, user_id, type, address)
    select ${uuidv7()}, id, 'login_failed', ${addressColumn(address)} from account`.execute(db)
}

/** That an account was deleted, and when; nothing is said of whose it was. */
export async function recordDeletion(transaction: Transaction<DB>): Promise<void> {
  await transaction.insertInto('security_events').values({ id: uuidv7(), type: 'account_deleted' }).execute()
}

export async function listEvents(
  db: Database,
  userId: string,
  page: { readonly limit: number; readonly after: EventPosition | undefined },
): Promise<SecurityEvent[]> {
  const { after, limit } = page
  const events = db
    .selectFrom('security_events')
    .select(['id', sql<EventType>`type`.as('type'), 'subject_id', 'address', 'created_at'])
    .where('user_id', '=', userId)
    .where('created_at', '>', sql<string>`now() - make_interval(days => ${sql.lit(KEPT_DAYS)})`)
  const rest =
    after === undefined
      ? events
      : events.where(sql<boolean>`(created_at, id) < (${after.created_at}::timestamptz, ${after.id}::uuid)`)
  return rest.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).execute()
}

/** Deletes what is older than events are kept, at most so many. Replicas may do it at once. */
export async function purgeOldEvents(db: Database, most = 1_000): Promise<number> {
  const old = db
    .selectFrom('security_events')
    .select('id')
    .where('created_at', '<', sql<string>`now() - make_interval(days => ${sql.lit(KEPT_DAYS)})`)
    .limit(most)
    .forUpdate()
    .skipLocked()
  const { numDeletedRows } = await db.deleteFrom('security_events').where('id', 'in', old).executeTakeFirst()
  return Number(numDeletedRows)
}

function addressColumn(address: string | undefined): string | null {
  return address === undefined || address === 'unknown' ? null : address
}
