import { sql } from 'kysely'
import { beforeEach, expect, test } from 'vitest'
import { useFixture } from '../support/fixtures.ts'
import { holdBlocks } from '../support/login-blocks.ts'
import { ask } from '../support/people.ts'
import { operations } from './harness/document-examples.ts'
import { cases, exceptionsOf } from './foreign/cases.ts'
import { textOf } from './foreign/compare.ts'
import { answerFaults, rowFaults, toldFaults } from './foreign/faults.ts'
import { faultsMeanwhile } from './foreign/meanwhile.ts'
import { ownerFaults } from './foreign/owner.ts'
import { shapesOf } from './foreign/places.ts'
import { type Trial, trialsOf } from './foreign/trials.ts'
import { makeWorlds, type World } from './foreign/worlds.ts'

/** The number of violations of one operation to print. */
const MOST_FAULTS = 8
/** Wrong passwords that are looked at, and some that are not. */
const [FREE_GUESSES, REFUSED_GUESSES] = [5, 2]
const RETRY_AFTER = /(?<=\n)retry-after: (\d+)(?=\n)/
/** Enough for hundreds of requests on a busy machine. */
const PATIENCE_MS = 90_000

const worlds = useFixture(makeWorlds, (made) => made.stop())
beforeEach(() => worlds.reset())

test('the cases have every place in the contract where a request has a value, and no other', () => {
  const documented = operations.map((operation) => {
    const places = shapesOf(operation).flatMap((shape) => shape.places.map(({ place }) => place))
    return [operation.operationId, [...new Set(places)].toSorted()] as const
  })
  const declared = Object.entries(cases).map(([id, places]) => [id, Object.keys(places).toSorted()] as const)
  expect(new Map(declared)).toEqual(new Map(documented))
})

test.each(operations.map((operation) => ({ operation, id: operation.operationId })))(
  "$id replies to another account as if the victim's data did not exist, does not change it, and serves its owner",
  async ({ operation, id }) => {
    const trials = trialsOf(worlds, operation)
    const isTold = ({ changes }: Trial): boolean =>
      changes.some(({ place }) => exceptionsOf(id, place).told !== undefined)
    const untold = trials.filter((trial) => !isTold(trial))
    const faults = [
      ...(await answerFaults(worlds, operation, untold)),
      ...(await rowFaults(worlds, operation)),
      ...(await toldFaults(worlds, operation, trials.filter(isTold))),
      ...(await ownerFaults(worlds, operation, trials)),
    ]
    expect(faults.slice(0, MOST_FAULTS)).toEqual([])
  },
  PATIENCE_MS,
)

test.each(operations.map((operation) => ({ operation, id: operation.operationId })))(
  "$id replies to another account neither later nor otherwise while a request of the victim's waits",
  async ({ operation }) => {
    expect(await faultsMeanwhile(worlds, operation)).toEqual([])
  },
  PATIENCE_MS,
)

test('wrong passwords are counted and delayed alike, whether the account exists or not', async () => {
  const body = new URLSearchParams({ username: worlds.belongings.email, password: 'not the password' }).toString()
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Request-Id': 'same' }
  const given = { body, headers }
  const guessIn = async ({ server }: World): Promise<string[]> => {
    const replies: string[] = []
    const guess = async (): Promise<unknown> => replies.push(textOf(await ask(server, 'POST', '/auth/token', given)))
    for (let count = 0; count < FREE_GUESSES; count += 1) await guess()
    const { rows } = await sql<{ seconds: number }>`
      select extract(epoch from max(blocked_until - updated_at))::int as seconds from login_failures`.execute(server.db)
    expect(rows).toEqual([{ seconds: 1 }])
    await holdBlocks(server.db)
    for (let count = 0; count < REFUSED_GUESSES; count += 1) await guess()
    return replies
  }
  const replies = [await guessIn(worlds.peopled), await guessIn(worlds.empty)]
  const [known, unknown] = replies.map((some) => some.map((text) => text.replace(RETRY_AFTER, 'retry-after: -')))
  expect(known).toEqual(unknown)
  for (const refused of replies.flatMap((some) => some.slice(FREE_GUESSES))) {
    expect(refused).toMatch(/^429\n/)
    // The second of the block, and the minute that the test adds.
    const wait = Number(RETRY_AFTER.exec(refused)?.[1])
    expect(wait).toBeGreaterThan(1)
    expect(wait).toBeLessThanOrEqual(61)
  }
  expect(replies.flat().filter((text) => text.startsWith('429'))).toHaveLength(2 * REFUSED_GUESSES)
})
