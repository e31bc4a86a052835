import type { Operation } from '../../../src/contract/document/operations.ts'
import { isSuccess } from '../operations.ts'
import { isThing, namedPlaces } from './cases.ts'
import { isSame, textOf } from './compare.ts'
import { sendTrial } from './exchange.ts'
import { endBlocksFor } from './faults.ts'
import { asUnknown, type Trial } from './trials.ts'
import type { Worlds } from './worlds.ts'

/**
 * Where the victim gets no more from a request than the stranger did: then the stranger's proves nothing. The owner
 * succeeds with a thing, in each shape of the request; and each place that names something tells her a value from an
 * unknown one. Changes the victim's things, so it comes last.
 */
export async function ownerFaults(worlds: Worlds, operation: Operation, trials: readonly Trial[]): Promise<string[]> {
  const faults: string[] = []
  const named = namedPlaces(operation.operationId).filter(
    ({ naming }) => naming.told === undefined && naming.silent === undefined,
  )
  // The things last: some requests end them.
  for (const { place, naming } of named.toSorted((a, b) => Number(isThing(a.naming)) - Number(isThing(b.naming)))) {
    const about = trials.filter(({ changes, isOwn, method }) => {
      return (
        method !== 'HEAD' && changes.at(-1)?.place === place && changes.length === (isOwn || isThing(naming) ? 1 : 2)
      )
    })
    const shapes = new Set(about.map(({ shape }) => shape))
    const groups = isThing(naming)
      ? [...shapes].map((shape) => about.filter((trial) => trial.shape === shape))
      : [about]
    for (const group of groups) {
      if (!(await isOneOfUse(worlds, operation, group, isThing(naming))))
        faults.push(`${place} names nothing that its owner could use: ${group.map(({ title }) => title).join('; ')}`)
    }
  }
  return faults
}

/** Whether one value gives its owner another answer than an unknown one in its place, all else being the same. */
async function isOneOfUse(
  { peopled, known }: Worlds,
  operation: Operation,
  trials: readonly Trial[],
  mustSucceed: boolean,
): Promise<boolean> {
  for (const trial of trials) {
    const changes = trial.changes.map((change, index) => {
      return index + 1 < trial.changes.length ? { ...change, unknown: change.foreign } : change
    })
    const only = { ...trial, changes }
    await endBlocksFor(operation, [peopled])
    const unknown = textOf(await sendTrial(operation, peopled, peopled.victim, only, 'unknown'))
    await endBlocksFor(operation, [peopled])
    const foreign = await sendTrial(operation, peopled, peopled.victim, only, 'foreign')
    const isTold = !isSame(asUnknown(textOf(foreign), only), unknown, known)
    if (isTold && (isSuccess(foreign) || !mustSucceed)) return true
  }
  return false
}
