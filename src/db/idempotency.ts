import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from './database.ts'
import { inTransaction, type Tx } from './transaction.ts'

const KEPT_HOURS = 24
/** How the hash of a request is made today; stored with it, so that the way may change while keys are kept. */
const FINGERPRINT = 2
/** How long a repeated request waits for the first one; it holds no connection meanwhile. */
const PATIENCE_MS = 2_000
const PAUSE_MS = 40

/** Which request of whom is to have its effect once. Without a key, each has. */
export interface OnceKey {
  readonly userId: string
  readonly operation: string
  readonly key: string | undefined
  /** The id of what it makes or changes: the answer shows that, and is forgotten with it. */
  readonly subject: string
  /** All that makes the request what it is. */
  readonly request: unknown
}

export type Once<T> =
  | { readonly state: 'done' | 'replayed'; readonly result: T }
  | { readonly state: 'in-flight' | 'other-request'; readonly result?: never }

/**
 * Runs `effect` in a transaction that also stores its result under the key, so that there is never one without the
 * other; a request that comes again gets that result. What `effect` throws undoes both.
 */
export async function once<T>(db: Database, of: OnceKey, effect: (tx: Tx) => Promise<T>): Promise<Once<T>> {
  const { key } = of
  if (key === undefined) return { state: 'done', result: await inTransaction(db, effect) }
  const deadline = performance.now() + PATIENCE_MS
  for (;;) {
    const outcome = await inTransaction(db, (tx) => attempt(tx, { ...of, key }, effect))
    if (outcome.state !== 'in-flight' || performance.now() > deadline) return outcome
    await delay(PAUSE_MS * (0.5 + Math.random()))
  }
}

/** Forgets the answers about what is erased: deleted means gone. */
export async function forgetSubjects(tx: Tx, userId: string, subjects: readonly string[]): Promise<void> {
  await sql`delete from idempotency_keys where user_id = ${userId} and subject = any(${subjects}::uuid[])`.execute(tx)
}

/** Forgets keys that have expired, no more than `batch`, and answers how many. */
export async function forgetExpired(tx: Tx, batch: number): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from idempotency_keys where (user_id, operation, key) in (
      select user_id, operation, key from idempotency_keys where expires_at < now() limit ${batch} for update skip locked)`.execute(
    tx,
  )
  return Number(numAffectedRows)
}

async function attempt<T>(
  tx: Tx,
  { userId, operation, key, subject, request }: OnceKey & { readonly key: string },
  effect: (tx: Tx) => Promise<T>,
): Promise<Once<T>> {
  // A lock of the key's own, because there is no row to lock yet. Two keys with one hash only wait for each other.
  const name = JSON.stringify([userId, operation, key])
  const { rows } = await sql<{
    mine: boolean
  }>`select pg_try_advisory_xact_lock(hashtextextended(${name}, 0)) as mine`.execute(tx)
  if (rows[0]?.mine !== true) return { state: 'in-flight' }

  const { rows: found } = await sql<{ fingerprint: number; request_hash: Buffer; result: T }>`
    select fingerprint, request_hash, result from idempotency_keys
    where user_id = ${userId} and operation = ${operation} and key = ${key} and expires_at > now()`.execute(tx)
  const [earlier] = found
  if (earlier !== undefined) {
    if (!hashOf(request, earlier.fingerprint).equals(earlier.request_hash)) return { state: 'other-request' }
    return { state: 'replayed', result: earlier.result }
  }
  const result = await effect(tx)
  await sql`
    insert into idempotency_keys (user_id, operation, key, subject, fingerprint, request_hash, result, expires_at)
    values (${userId}, ${operation}, ${key}, ${subject}, ${FINGERPRINT}, ${hashOf(request, FINGERPRINT)},
      ${JSON.stringify(result)}::json, now() + make_interval(hours => ${KEPT_HOURS}))
    on conflict (user_id, operation, key) do update
      set subject = excluded.subject, fingerprint = excluded.fingerprint, request_hash = excluded.request_hash,
        result = excluded.result, expires_at = excluded.expires_at`.execute(tx)
  return { state: 'done', result }
}

function hashOf(request: unknown, fingerprint: number): Buffer {
  const text = fingerprint === 1 ? JSON.stringify(request) : canonical(request)
  return createHash('sha256').update(text).digest()
}

/** JSON in which the keys of each object are sorted, so that a client may write them in any order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  const sorted = members.toSorted(([a], [b]) => (a < b ? -1 : 1))
  return `{${sorted.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(',')}}`
}
