import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Operation } from '../../src/contract/operations.ts'
import type { Database } from '../../src/db/database.ts'
import { ask } from '../support/people.ts'
import { operations } from './document-examples.ts'
import { namedPlaces } from './foreign/cases.ts'
import { isSame, textOf } from './foreign/compare.ts'
import { sendTrial } from './foreign/exchange.ts'
import { type Trial, trialsOf } from './foreign/trials.ts'
import { setStage, type Stage, type World, type Worlds } from './foreign/worlds.ts'

let stage: Stage
let worlds: Worlds

beforeAll(async () => {
  stage = await setStage()
  worlds = await stage.open()
})
afterAll(async () => {
  await worlds.close()
  await stage.drop()
})

/** Two more than are free. */
const GUESSES = 7
const KEY = 'key-of-a-request-under-way'

test("an answer to a stranger neither waits for the victim's requests under way nor tells of them", async () => {
  const { peopled, empty } = worlds
  const keyed = operations.flatMap((operation) => {
    const place = namedPlaces(operation.operationId).find(({ naming }) => naming.names === 'idempotencyKey')?.place
    return place === undefined ? [] : [{ operation, place }]
  })
  const faults = await peopled.server.db.transaction().execute(async (transaction) => {
    await lockAll(transaction, stage.belongings.userId)
    const underWay = keyed.map(({ operation, place }) =>
      sendTrial(operation, peopled, peopled.victim, victimsTrial(operation, place), 'foreign'),
    )
    await expect.poll(() => waiting(peopled.server.db), { interval: 20, timeout: 2_500 }).toBe(keyed.length)

    const trials = [
      ...keyed.map(({ operation, place }) => ({ operation, trial: withKey(plainTrial(operation), place) })),
      ...operations.flatMap((operation) =>
        trialsOf(stage, operation)
          .filter(isAboutThing)
          .map((trial) => ({ operation, trial })),
      ),
      ...operations
        .filter(({ operationId }) => operationId !== 'deleteMe')
        .map((operation) => ({ operation, trial: plainTrial(operation) })),
    ]
    for (const { operation, trial } of trials) {
      // PostgreSQL ends a transaction that does nothing.
      await sql`select`.execute(transaction)
      const here = textOf(await sendTrial(operation, peopled, peopled.stranger, trial, 'foreign'))
      const there = textOf(await sendTrial(operation, empty, empty.stranger, trial, 'foreign'))
      // The first wait lasts long enough.
      if (!isSame(here, there, stage.known))
        return { underWay, fault: `${operation.operationId} ${trial.title}: with the victim\n${here}\nwithout\n${there}` }
    }
    return { underWay, fault: undefined }
  })
  await Promise.allSettled(faults.underWay)
  expect(faults.fault).toBeUndefined()
})

test('wrong passwords are counted and put off alike, whether there is such an account or not', async () => {
  const body = new URLSearchParams({ username: stage.belongings.email, password: 'not the password' }).toString()
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Request-Id': 'same' }
  const guessIn = async ({ server }: World): Promise<string[]> => {
    const answers: string[] = []
    for (let count = 0; count < GUESSES; count += 1) answers.push(textOf(await ask(server, 'POST', '/auth/token', { body, headers })))
    return answers
  }
  const [known, unknown] = [await guessIn(worlds.peopled), await guessIn(worlds.empty)]
  expect(known).toEqual(unknown)
  expect(known.at(-1)).toMatch(/^429\n[^]*retry-after: 1\n/)
})

function isAboutThing({ isOwn, changes }: Trial): boolean {
  return !isOwn && changes.length === 1
}

/** What succeeds for its sender. */
function plainTrial(operation: Operation): Trial {
  const trial = trialsOf(stage, operation).find(({ isOwn, changes }) => isOwn && changes.length === 0)
  if (trial === undefined) throw new Error(`${operation.operationId} has no plain trial`)
  return trial
}

/** About a thing that the victim has already: she could make no other while her account is locked. */
function victimsTrial(operation: Operation, place: string): Trial {
  const trial = trialsOf(stage, operation).find(isAboutThing) ?? plainTrial(operation)
  return withKey(trial, place)
}

function withKey(trial: Trial, place: string): Trial {
  return { ...trial, title: `${trial.title}, ${KEY}`, changes: [...trial.changes, { title: KEY, place, foreign: KEY, unknown: KEY }] }
}

/** Every row that a request of this user could want to change. */
async function lockAll(transaction: Database, userId: string): Promise<void> {
  await sql`select from users where id = ${userId} for update`.execute(transaction)
  for (const table of ['sessions', 'api_keys'])
    await sql`select from ${sql.table(table)} where user_id = ${userId} for update`.execute(transaction)
  await sql`select from notes where owner_id = ${userId} for update`.execute(transaction)
}

async function waiting(db: Database): Promise<number> {
  const { rows } = await sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
  return rows.length
}
