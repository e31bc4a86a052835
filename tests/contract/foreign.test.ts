import { beforeEach, expect, test } from 'vitest'
import { useFixture } from '../support/fixtures.ts'
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
/** Two more than the free attempts. */
const GUESSES = 7
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

test(
  "a reply to another account neither waits for the victim's requests under way nor reveals them",
  { timeout: PATIENCE_MS },
  async () => {
    expect(await faultsMeanwhile(worlds)).toEqual([])
  },
)

test('wrong passwords are counted and delayed alike, whether the account exists or not', async () => {
  const body = new URLSearchParams({ username: worlds.belongings.email, password: 'not the password' }).toString()
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Request-Id': 'same' }
  const guessIn = async ({ server }: World): Promise<string[]> => {
    const replies: string[] = []
    for (let count = 0; count < GUESSES; count += 1)
      replies.push(textOf(await ask(server, 'POST', '/auth/token', { body, headers })))
    return replies
  }
  const [known, unknown] = [await guessIn(worlds.peopled), await guessIn(worlds.empty)]
  expect(known).toEqual(unknown)
  expect(known.at(-1)).toMatch(/^429\n[^]*retry-after: 1\n/)
})
