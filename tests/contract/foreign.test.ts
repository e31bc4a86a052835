import { afterAll, beforeAll, expect, test } from 'vitest'
import { operations } from './document-examples.ts'
import { cases, exceptionsOf } from './foreign/cases.ts'
import { answerFaults, rowFaults, toldFaults } from './foreign/faults.ts'
import { ownerFaults } from './foreign/owner.ts'
import { shapesOf } from './foreign/places.ts'
import { type Trial, trialsOf } from './foreign/trials.ts'
import { setStage, type Stage, type Worlds } from './foreign/worlds.ts'

/** So many faults of one operation say enough. */
const MOST_FAULTS = 8

let stage: Stage
/** For operations that change nothing, and for what is refused. */
let unchanged: Worlds

beforeAll(async () => {
  stage = await setStage()
  unchanged = await stage.open()
})
afterAll(async () => {
  await unchanged.close()
  await stage.drop()
})

test('the cases have every place of the contract where a request takes a value, and no other', () => {
  const documented = operations.map((operation) => {
    const places = shapesOf(operation).flatMap((shape) => shape.places.map(({ place }) => place))
    return [operation.operationId, [...new Set(places)].toSorted()] as const
  })
  const declared = Object.entries(cases).map(([id, places]) => [id, Object.keys(places).toSorted()] as const)
  expect(new Map(declared)).toEqual(new Map(documented))
})

test.each(operations.map((operation) => ({ operation, id: operation.operationId })))(
  "$id answers a stranger as if the victim's things did not exist, leaves them as they are, and serves their owner",
  async ({ operation, id }) => {
    const worlds = operation.method === 'get' ? unchanged : await stage.open()
    try {
      const trials = trialsOf(stage, operation)
      const given = { ...worlds, operation, stage }
      const isTold = ({ changes }: Trial): boolean => changes.some(({ place }) => exceptionsOf(id, place).told !== undefined)
      const untold = trials.filter((trial) => !isTold(trial))
      const faults = [
        ...(await answerFaults(given, untold)),
        ...(await rowFaults(given)),
        ...(await toldFaults(given, trials.filter(isTold))),
        ...(await ownerFaults(given, trials)),
      ]
      expect(faults.slice(0, MOST_FAULTS)).toEqual([])
    } finally {
      if (worlds !== unchanged) await worlds.close()
    }
  },
)
