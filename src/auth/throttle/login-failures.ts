import { type QueryCreator, type RawBuilder, sql } from 'kysely'
import type { DB } from '../../../generated/db.d.ts'
import type { Database } from '../../db/database.ts'

/** Keyed hashes: of an account at an address, of the account, and of the address. */
export interface LoginKeys {
  readonly pair: Buffer
  readonly account: Buffer
  readonly address: Buffer
}

export type CounterName = keyof LoginKeys

/** From failure number `free` on, each begins a block: of 1 s, then 2 s, 4 s and so on, up to `maxSeconds`. */
export interface FailurePolicy {
  readonly free: number
  readonly maxSeconds: number
  /** One failure is forgotten every `leakSeconds`, or all of them after `forgetSeconds` without a failure. */
  readonly leakSeconds?: number
  readonly forgetSeconds?: number
}

export type FailurePolicies = Readonly<Record<CounterName, FailurePolicy>>

/** One counter after a failure. `wait` is in seconds. */
export interface Counted {
  /** The counter was blocked before this failure. For parallel failures, PostgreSQL decides the order. */
  readonly was_blocked: boolean
  readonly wait: number
}

const KNOWN_DAYS = 30
/** A login from a known address renews it if its last renewal is this old. */
const RENEW_DAYS = 1
const MAX_ADDRESSES = 50

const now = sql<string>`now()`
const secondsUntil = (time: RawBuilder<unknown>) =>
  sql<number>`greatest(0, extract(epoch from ${time} - now()))::float8`

/** The counters of a failure. One from a known address does not count against the account at other addresses. */
export function countedNames(isKnown: boolean): readonly CounterName[] {
  return isKnown ? ['pair'] : ['pair', 'account', 'address']
}

/** How long a login is still blocked, in seconds, and whether its address is known. */
export function readLoginState(db: Database, keys: LoginKeys) {
  const known = (afterDays: number) =>
    db
      .selectFrom('known_addresses')
      .select(sql.lit(1).as('one'))
      .where('account', '=', keys.account)
      .where('address', '=', keys.address)
      .where('expires_at', '>', sql<string>`now() + make_interval(days => ${sql.lit(afterDays)})`)
  const counters = (...wanted: readonly Buffer[]) =>
    db.selectFrom('login_failures').where('key', 'in', wanted).where('expires_at', '>', now)
  const wait = secondsUntil(sql`max(blocked_until)`).as('wait')
  return db
    .selectNoFrom([
      sql<boolean>`exists (${known(0)})`.as('is_known'),
      sql<boolean>`exists (${known(KNOWN_DAYS - RENEW_DAYS)})`.as('is_fresh'),
      sql<boolean>`exists (${counters(keys.pair).select('key')})`.as('has_failures'),
      counters(keys.pair).select(wait).as('pair_wait'),
      counters(keys.account, keys.address).select(wait).as('shared_wait'),
    ])
    .executeTakeFirstOrThrow()
}

/** Ends the blocks that last longer than any block can, as after the clock of the database was set back, in time. */
export async function shortenBlocks(db: Database, keys: LoginKeys, policies: FailurePolicies): Promise<void> {
  const names = ['pair', 'account', 'address'] as const
  for (const name of names) {
    const latest = sql<string>`now() + make_interval(secs => ${sql.lit(policies[name].maxSeconds)})`
    await db
      .updateTable('login_failures')
      .set({ blocked_until: latest })
      .where('key', '=', keys[name])
      .where('blocked_until', '>', latest)
      .execute()
  }
}

/** Increments all counters of a failure in one statement. */
export function countFailures(
  db: Database,
  keys: LoginKeys,
  policies: FailurePolicies,
  isKnown: boolean,
): Promise<Counted[]> {
  const pair = db.with('pair_count', (query) => countFailure(query, keys.pair, policies.pair))
  if (isKnown) return pair.selectFrom('pair_count').selectAll().execute()
  // Rows are locked in the order in which their results are read, the same for all logins, so there is no deadlock.
  return pair
    .with('account_count', (query) => countFailure(query, keys.account, policies.account))
    .with('address_count', (query) => countFailure(query, keys.address, policies.address))
    .selectFrom('pair_count')
    .selectAll()
    .unionAll((query) => query.selectFrom('account_count').selectAll())
    .unionAll((query) => query.selectFrom('address_count').selectAll())
    .execute()
}

function countFailure(db: QueryCreator<DB>, key: Buffer, policy: FailurePolicy) {
  const silence = sql`greatest(0, extract(epoch from now() - login_failures.updated_at))`
  const left =
    policy.leakSeconds === undefined
      ? sql`login_failures.failures`
      : sql`greatest(0, login_failures.failures - ${silence} / ${sql.lit(policy.leakSeconds)})`
  const failures = sql<number>`(case when login_failures.expires_at > now() then ${left} else 0 end + 1)::float8`
  const first = sql<number>`1::float8`
  return db
    .insertInto('login_failures')
    .values({ key, failures: first, blocked_until: blockedUntil(first, policy), expires_at: expiresAt(first, policy) })
    .onConflict((conflict) =>
      conflict.column('key').doUpdateSet({
        failures,
        blocked_until: blockedUntil(failures, policy),
        was_blocked: sql<boolean>`coalesce(login_failures.blocked_until, '-infinity') > now()
          and login_failures.expires_at > now()`,
        updated_at: now,
        expires_at: expiresAt(failures, policy),
      }),
    )
    .returning(['was_blocked', secondsUntil(sql`blocked_until`).as('wait')])
}

/** A failure that has partly leaked still counts as one. */
function blockedUntil(failures: RawBuilder<number>, { free, maxSeconds }: FailurePolicy) {
  const beyond = sql`ceil(${failures}) - ${sql.lit(free)}`
  const seconds = sql`least(${sql.lit(maxSeconds)}, power(2, least(30, ${beyond})))`
  return sql<string | null>`case when ${beyond} < 0 then null else now() + make_interval(secs => ${seconds}) end`
}

/** Never before the block ends. */
function expiresAt(failures: RawBuilder<number>, { leakSeconds, forgetSeconds, maxSeconds }: FailurePolicy) {
  const seconds = leakSeconds === undefined ? sql.lit(forgetSeconds ?? 0) : sql`${failures} * ${sql.lit(leakSeconds)}`
  return sql<string>`now() + make_interval(secs => greatest(${seconds}, ${sql.lit(maxSeconds)}))`
}

export async function forgetFailures(db: Database, key: Buffer): Promise<void> {
  await db.deleteFrom('login_failures').where('key', '=', key).execute()
}

/** Forgets an account. Its counters at single addresses cannot be found by their hashes; they expire. */
export async function forgetAccount(db: Database, account: Buffer): Promise<void> {
  await db.deleteFrom('known_addresses').where('account', '=', account).execute()
  await db.deleteFrom('login_failures').where('key', '=', account).execute()
}

/** Remembers a known address of an account, which keeps the newest fifty. */
export async function rememberAddress(db: Database, { account, address }: LoginKeys, isKnown: boolean): Promise<void> {
  const expires_at = sql<string>`now() + make_interval(days => ${sql.lit(KNOWN_DAYS)})`
  await db
    .insertInto('known_addresses')
    .values({ account, address, expires_at })
    .onConflict((conflict) => conflict.columns(['account', 'address']).doUpdateSet({ expires_at }))
    .execute()
  if (isKnown) return
  const newest = db
    .selectFrom('known_addresses as newest')
    .select('newest.address')
    .where('newest.account', '=', account)
  await db
    .deleteFrom('known_addresses')
    .where('account', '=', account)
    .where('address', 'not in', newest.orderBy('newest.expires_at', 'desc').limit(MAX_ADDRESSES))
    .execute()
}

/** Deletes up to `max` expired rows of each table. Returns how many. Replicas may run it in parallel. */
export async function purgeExpiredLogins(db: Database, max = 1_000): Promise<number> {
  const failures = db
    .selectFrom('login_failures')
    .select('key')
    .where('expires_at', '<=', now)
    .limit(max)
    .forUpdate()
    .skipLocked()
  const known = db
    .selectFrom('known_addresses')
    .select(['account', 'address'])
    .where('expires_at', '<=', now)
    .limit(max)
    .forUpdate()
    .skipLocked()
  const counters = await db
    .with('expired', () => failures)
    .deleteFrom('login_failures')
    .using('expired')
    .whereRef('login_failures.key', '=', 'expired.key')
    .executeTakeFirst()
  const addresses = await db
    .with('expired', () => known)
    .deleteFrom('known_addresses')
    .using('expired')
    .whereRef('known_addresses.account', '=', 'expired.account')
    .whereRef('known_addresses.address', '=', 'expired.address')
    .executeTakeFirst()
  return Number(counters.numDeletedRows + addresses.numDeletedRows)
}
