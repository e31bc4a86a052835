import { sql } from 'kysely'
import { expect } from 'vitest'
import type { Operation } from '../../../src/contract/document/operations.ts'
import type { Database } from '../../../src/db/database.ts'
import { operations } from '../harness/document-examples.ts'
import { namedPlaces } from './cases.ts'
import { isSame, textOf } from './compare.ts'
import { sendTrial } from './exchange.ts'
import { type Trial, trialsOf } from './trials.ts'
import type { Worlds } from './worlds.ts'

const KEY = 'key-of-a-request-under-way'

/**
 * Holds every row of the victim's as a slow request of hers would, with requests under way for each key; then sends what
 * the stranger could send. Says where an answer is another one than without the victim, if only because it waited.
 */
export async function faultsMeanwhile(worlds: Worlds): Promise<string[]> {
  const { peopled, belongings } = worlds
  const keyed = operations.flatMap((operation) => {
    const place = namedPlaces(operation.operationId).find(({ naming }) => naming.names === 'idempotencyKey')?.place
    return place === undefined ? [] : [{ operation, place }]
  })
  const trials = [
    ...keyed.map(({ operation, place }) => ({ operation, trial: withKey(plainTrial(worlds, operation), place) })),
    ...operations.flatMap((operation) => aboutThings(worlds, operation).map((trial) => ({ operation, trial }))),
    ...operations.map((operation) => ({ operation, trial: plainTrial(worlds, operation) })),
  ]
  // The stranger is needed to the end.
  const lasting = trials.filter(({ operation }) => operation.operationId !== 'deleteMe')
  const underWay: Promise<unknown>[] = []
  const faults = await peopled.server.db.transaction().execute(async (transaction) => {
    await lockAll(transaction, belongings.userId)
    for (const { operation, place } of keyed)
      underWay.push(sendTrial(operation, peopled, peopled.victim, victimsTrial(worlds, operation, place), 'foreign'))
    await expect.poll(() => countWaiting(peopled.server.db), { interval: 20, timeout: 2_500 }).toBe(keyed.length)
    return firstDifference(worlds, lasting, transaction)
  })
  await Promise.allSettled(underWay)
  return faults
}

interface Step {
  readonly operation: Operation
  readonly trial: Trial
}

/** The first one only: it may have waited as long as anything waits for a lock. */
async function firstDifference(
  { peopled, empty, known }: Worlds,
  steps: readonly Step[],
  held: Database,
): Promise<string[]> {
  for (const { operation, trial } of steps) {
    // PostgreSQL ends a transaction that does nothing.
    await sql`select`.execute(held)
    const here = textOf(await sendTrial(operation, peopled, peopled.stranger, trial, 'foreign'))
    const there = textOf(await sendTrial(operation, empty, empty.stranger, trial, 'foreign'))
    if (!isSame(here, there, known))
      return [`${operation.operationId} ${trial.title}: with the victim\n${here}\nwithout\n${there}`]
  }
  return []
}

function aboutThings(worlds: Worlds, operation: Operation): Trial[] {
  return trialsOf(worlds, operation).filter(
    ({ isOwn, isFirstShape, method, changes }) => !isOwn && isFirstShape && method !== 'HEAD' && changes.length === 1,
  )
}

/** What succeeds for its sender. */
function plainTrial(worlds: Worlds, operation: Operation): Trial {
  const trial = trialsOf(worlds, operation).find(({ isOwn, changes }) => isOwn && changes.length === 0)
  if (trial === undefined) throw new Error(`${operation.operationId} has no plain trial`)
  return trial
}

/** About a thing that the victim has already: she can make no other while her account is locked. */
function victimsTrial(worlds: Worlds, operation: Operation, place: string): Trial {
  const [trial] = aboutThings(worlds, operation)
  return withKey(trial ?? plainTrial(worlds, operation), place)
}

function withKey(trial: Trial, place: string): Trial {
  return {
    ...trial,
    title: `${trial.title}, ${KEY}`,
    changes: [...trial.changes, { title: KEY, place, foreign: KEY, unknown: KEY }],
  }
}

/** Every row that a request of this user could want to change. */
async function lockAll(transaction: Database, userId: string): Promise<void> {
  await sql`select from users where id = ${userId} for update`.execute(transaction)
  for (const table of ['sessions', 'api_keys'])
    await sql`select from ${sql.table(table)} where user_id = ${userId} for update`.execute(transaction)
  await sql`select from notes where owner_id = ${userId} for update`.execute(transaction)
}

async function countWaiting(db: Database): Promise<number> {
  const { rows } =
    await sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
  return rows.length
}
