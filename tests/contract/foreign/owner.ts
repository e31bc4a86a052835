import type { Operation } from '../../../src/contract/operations.ts'
import { isSuccess } from '../operations.ts'
import { isThing, namedPlaces } from './cases.ts'
import { isSame, textOf } from './compare.ts'
import { sendTrial } from './exchange.ts'
import { asUnknown, type Trial } from './trials.ts'
import type { Worlds } from './worlds.ts'

/**
 * What the victim cannot do with the very requests that the stranger has sent. A value that means nothing to its owner
 * either would prove nothing: so the owner succeeds with a thing in each shape of the request, and what else names
 * something gives the owner another answer than an unknown value does. Changes the victim's things, so it comes last.
 */
export async function ownerFaults(worlds: Worlds, operation: Operation, trials: readonly Trial[]): Promise<string[]> {
  const faults: string[] = []
  const named = namedPlaces(operation.operationId).filter(({ naming }) => naming.told === undefined && naming.silent === undefined)
  // The things last: some requests end them.
  for (const { place, naming } of named.toSorted((a, b) => Number(isThing(a.naming)) - Number(isThing(b.naming)))) {
    const about = trials.filter(
      ({ changes, isOwn, method }) =>
        method !== 'HEAD' && changes.at(-1)?.place === place && changes.length === (isOwn || isThing(naming) ? 1 : 2),
    )
    const isProved = isThing(naming) ? await eachShapeSucceeds(worlds, operation, about) : await oneIsTold(worlds, operation, about)
    if (!isProved) faults.push(`${place} names nothing that its owner could use: ${about.map(({ title }) => title).join('; ')}`)
  }
  return faults
}

async function eachShapeSucceeds({ peopled }: Worlds, operation: Operation, trials: readonly Trial[]): Promise<boolean> {
  const waiting = new Set(trials.map(({ shape }) => shape))
  for (const trial of trials) {
    if (waiting.has(trial.shape) && isSuccess(await sendTrial(operation, peopled, peopled.victim, trial, 'foreign')))
      waiting.delete(trial.shape)
  }
  return trials.length > 0 && waiting.size === 0
}

/** Whether one value is told from an unknown one in its place, all else being as it was. */
async function oneIsTold({ peopled, known }: Worlds, operation: Operation, trials: readonly Trial[]): Promise<boolean> {
  for (const trial of trials) {
    const changes = trial.changes.map((change, index) =>
      index + 1 < trial.changes.length ? { ...change, unknown: change.foreign } : change,
    )
    const only = { ...trial, changes }
    const unknown = textOf(await sendTrial(operation, peopled, peopled.victim, only, 'unknown'))
    const foreign = textOf(await sendTrial(operation, peopled, peopled.victim, only, 'foreign'))
    if (!isSame(asUnknown(foreign, only), unknown, known)) return true
  }
  return false
}
