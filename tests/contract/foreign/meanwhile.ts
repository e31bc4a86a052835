import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Operation } from '../../../src/contract/document/operations.ts'
import type { Database } from '../../../src/db/database.ts'
import { heldKeys, type HeldLocks, holdLocks, waitingFor } from '../../support/locks.ts'
import type { Answer } from '../../support/people.ts'
import { operations } from '../harness/document-examples.ts'
import { isSuccess } from '../operations.ts'
import { namedPlaces } from './cases.ts'
import { isSame, textOf } from './compare.ts'
import { sendTrial } from './exchange.ts'
import { type Trial, trialsOf } from './trials.ts'
import type { Worlds } from './worlds.ts'

const KEY = 'key-of-a-request-under-way'
/** A request waits for a lock for 1.5 s and then answers 503. On a busy machine that may be too short for the others. */
const MOST_TRIES = 3
/** Between two looks at who waits. */
const PAUSE_MS = 5

/** What the stranger was answered while one request of the victim's waited, with its key, from beginning to end. */
interface Round {
  readonly faults: readonly string[]
  /** Whether the victim's request still waited when the last answer was there. Otherwise the answers prove nothing. */
  readonly stillWaited: boolean
  /** What the victim was answered in the end. */
  readonly answer: Answer
}

/**
 * Holds every row of the victim's as a slow request of hers would, and has one request of hers wait for them, with the
 * key of the operation if it takes one; then sends what the stranger could send. Says where an answer is another one
 * than without the victim, if only because it waited. Needs the worlds as they were at first.
 */
export async function faultsMeanwhile(worlds: Worlds, operation: Operation): Promise<readonly string[]> {
  for (let tries = 1; ; tries += 1) {
    const { faults, stillWaited, answer } = await answersMeanwhile(worlds, operation)
    if (faults.length > 0) return faults
    if (stillWaited) return isSuccess(answer) ? [] : [`the victim waited and was answered\n${textOf(answer)}`]
    if (answer.status !== 503) return [`the victim did not wait, but was answered\n${textOf(answer)}`]
    if (tries === MOST_TRIES) return ["the answers did not come while the victim's request waited"]
    await worlds.reset()
  }
}

async function answersMeanwhile(worlds: Worlds, operation: Operation): Promise<Round> {
  const { peopled, belongings } = worlds
  const { db } = peopled.server
  const [victims, trial] = victimsRequest(worlds, operation)
  await using held = await holdLocks(db, (transaction) => lockAll(transaction, belongings.userId))
  const underWay = sendTrial(victims, peopled, peopled.victim, trial, 'foreign')
  const waiter = await whoWaits(db, held, underWay)
  const faults = waiter === undefined ? [] : await firstDifference(worlds, operation)
  const stillWaited = waiter !== undefined && (await isHolding(db, held, waiter))
  await held.release()
  return { faults, stillWaited, answer: await underWay }
}

/** The one transaction that waits for the victim's rows; undefined if it was answered before anybody saw it wait. */
async function whoWaits(db: Database, held: HeldLocks, underWay: Promise<unknown>): Promise<string | undefined> {
  let isAnswered = false
  const answered = (): void => void (isAnswered = true)
  underWay.then(answered, answered)
  for (;;) {
    const [waiter] = await waitingFor(db, held)
    if (waiter !== undefined || isAnswered) return waiter
    await delay(PAUSE_MS)
  }
}

/** Whether it is still the only one that waits, and holds the only key. */
async function isHolding(db: Database, held: HeldLocks, waiter: string): Promise<boolean> {
  return (await heldKeys(db)) === 1 && (await waitingFor(db, held)).join() === waiter
}

/** The first difference only: it may have waited as long as anything waits for a lock. */
async function firstDifference(worlds: Worlds, operation: Operation): Promise<string[]> {
  const { peopled, empty, known } = worlds
  for (const trial of strangersTrials(worlds, operation)) {
    const here = textOf(await sendTrial(operation, peopled, peopled.stranger, trial, 'foreign'))
    const there = textOf(await sendTrial(operation, empty, empty.stranger, trial, 'foreign'))
    if (!isSame(here, there, known)) return [`${trial.title}: with the victim\n${here}\nwithout\n${there}`]
  }
  return []
}

/** With the very key that the victim's request holds; about each of her things; and what succeeds for its sender. */
function strangersTrials(worlds: Worlds, operation: Operation): Trial[] {
  const plain = plainTrial(worlds, operation)
  const place = keyPlace(operation)
  const keyed = place === undefined ? [] : [withKey(plain, place)]
  return [...keyed, ...aboutThings(worlds, operation), plain]
}

/** The operation itself, or the first that takes a key. It is about a thing that the victim has already. */
function victimsRequest(worlds: Worlds, operation: Operation): [operation: Operation, trial: Trial] {
  for (const candidate of [operation, ...operations]) {
    const place = keyPlace(candidate)
    if (place === undefined) continue
    const [about = plainTrial(worlds, candidate)] = aboutThings(worlds, candidate)
    return [candidate, withKey(about, place)]
  }
  throw new Error('No operation takes a key')
}

function keyPlace({ operationId }: Operation): string | undefined {
  return namedPlaces(operationId).find(({ naming }) => naming.names === 'idempotencyKey')?.place
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
