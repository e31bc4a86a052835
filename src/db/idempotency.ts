import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from './database.ts'
import { inTransaction, type Tx } from './transaction.ts'

const KEPT_HOURS = 24
/** How `request_hash` is made today. It is stored with the hash, so that it may change while keys are kept. */
const FINGERPRINT = 3
/** How long a repeated request waits for the first one; it holds no connection meanwhile. */
const MAX_WAIT_MS = 2_000
const PAUSE_MS = 40

/** Identifies a request that must have its effect only once. Without a key it has its effect each time. */
export interface OnceKey {
  readonly userId: string
  readonly operation: string
  readonly key: string | undefined
  /** The id of what the request makes or changes. The stored answer shows it, and is deleted with it. */
  readonly subject: string
  /** The whole validated request. Another request with the same key is refused. */
  readonly request: unknown
  /** The part of it that fingerprints 1 and 2 were made from. Rows that have them are gone a day after the upgrade. */
  readonly earlier: unknown
}

export type Once<T> =
  | { readonly state: 'done' | 'replayed'; readonly result: T }
  | { readonly state: 'in-flight' | 'other-request'; readonly result?: never }

export interface OnceWork<T> {
  readonly effect: (tx: Tx) => Promise<T>
  /** Runs one attempt, which is a transaction, when the database has room for it. */
  readonly inTurn: <R>(attempt: () => Promise<R>) => Promise<R>
}

/**
 * Runs `effect` in a transaction that also stores its result under the key, so that neither exists without the other. A
 * repeated request gets the stored result. What `effect` throws undoes both.
 */
export async function once<T>(db: Database, key: OnceKey, { effect, inTurn }: OnceWork<T>): Promise<Once<T>> {
  if (key.key === undefined) return { state: 'done', result: await inTurn(() => inTransaction(db, effect)) }
  const deadline = performance.now() + MAX_WAIT_MS
  for (;;) {
    const outcome = await inTurn(() => inTransaction(db, (tx) => attempt(tx, key, effect)))
    if (outcome.state !== 'in-flight' || performance.now() > deadline) return outcome
    await delay(PAUSE_MS * (0.5 + Math.random()))
  }
}

/** Deletes the stored answers about subjects that are erased, so that nothing of them is left. */
export async function forgetSubjects(tx: Tx, userId: string, subjects: readonly string[]): Promise<void> {
  await sql`delete from idempotency_keys where user_id = ${userId} and subject = any(${subjects}::uuid[])`.execute(tx)
}

/** Deletes up to `batch` expired keys and returns how many. */
export async function forgetExpired(tx: Tx, batch: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from idempotency_keys where (user_id, operation, key) in (
      select user_id, operation, key from idempotency_keys where expires_at < now()
      limit ${batch} for update skip locked)`.execute(tx)
  return Number(numAffectedRows)
}

async function attempt<T>(tx: Tx, repeatable: OnceKey, effect: (tx: Tx) => Promise<T>): Promise<Once<T>> {
  const { userId, operation, key, subject } = repeatable
  // An advisory lock, because there is no row to lock yet. Two keys with the same hash only wait for each other.
  const name = JSON.stringify([userId, operation, key])
  const { rows } = await sql<{
    mine: boolean
  }>`select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as mine`.execute(tx)
  if (rows[0]?.mine !== true) return { state: 'in-flight' }

  const { rows: found } = await sql<{ fingerprint: number; request_hash: Buffer; result: T }>`
    select fingerprint, request_hash, result from idempotency_keys
    where user_id = ${userId} and operation = ${operation} and key = ${key} and expires_at > now()`.execute(tx)
  const [stored] = found
  if (stored !== undefined) {
    if (!hashOf(repeatable, stored.fingerprint).equals(stored.request_hash)) return { state: 'other-request' }
    return { state: 'replayed', result: stored.result }
  }
  const result = await effect(tx)
  await sql`
    insert into idempotency_keys (user_id, operation, key, subject, fingerprint, request_hash, result, expires_at)
    values (${userId}, ${operation}, ${key}, ${subject}, ${FINGERPRINT}, ${hashOf(repeatable, FINGERPRINT)},
      ${JSON.stringify(result)}::json, now() + make_interval(hours => ${KEPT_HOURS}))
    on conflict (user_id, operation, key) do update
      set subject = excluded.subject, fingerprint = excluded.fingerprint, request_hash = excluded.request_hash,
        result = excluded.result, expires_at = excluded.expires_at`.execute(tx)
  return { state: 'done', result }
}

function hashOf({ request, earlier }: OnceKey, fingerprint: number): Buffer {
  return createHash('sha256')
    .update(fingerprintText(request, earlier, fingerprint))
    .digest()
}

/** 1: a part of the request as JSON. 2: the canonical form of that part. 3: the canonical form of the whole request. */
function fingerprintText(request: unknown, earlier: unknown, fingerprint: number): string {
  if (fingerprint === 1) return JSON.stringify(earlier)
  return canonical(fingerprint === 2 ? earlier : request)
}

/** JSON with the keys of each object sorted, because their order means nothing. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  const sorted = members.toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}
