import type { Operation } from '../../../src/contract/document/operations.ts'
import { isThing, namingOf } from './cases.ts'
import { type Choice, choicesOf } from './choices.ts'
import { type Draft, withValue } from './drafts.ts'
import { type Shape, shapesOf } from './places.ts'
import type { Worlds } from './worlds.ts'

/** One request to send: a shape with values in some of its places. */
export interface Trial {
  readonly title: string
  readonly shape: Shape
  readonly isFirstShape: boolean
  /** Whether it is about a thing that is made for it, and not about one that is among the changes. */
  readonly isOwn: boolean
  readonly method: string
  readonly changes: readonly Change[]
}

export interface Change extends Choice {
  readonly place: string
}

/** Of each place at most so many values are combined with those of other places; each is tried alone. */
const MOST_IN_PAIRS = 4
/** And so many things: of the notes, the public one and the one in the trash. */
const MOST_THINGS_IN_PAIRS = 2
const SHORTEST_ID = 8

/**
 * What is tried with an operation. If it is about a thing: each of the victim's things, alone and with each value of
 * every other place, and two of them with each pair of values of its parameters; and a thing of the stranger's own with
 * each value that names something. If it is about no thing: each value, and each pair of values of its parameters.
 */
export function trialsOf(worlds: Worlds, operation: Operation): Trial[] {
  const asDocumented = shapesOf(operation).flatMap((shape, index) => trialsOfShape(worlds, operation, shape, index))
  const asHead = asDocumented
    .filter((trial) => trial.method === 'GET' && hasTwin(trial))
    .map((trial) => ({ ...trial, method: 'HEAD' }))
  const trials = [...asDocumented, ...asHead]
  // What may succeed comes last, so that the other trials find the worlds as they were.
  return trials.toSorted((a, b) => Number(a.isOwn) - Number(b.isOwn))
}

/** Parameters are tried with the first shape of a body only. */
function trialsOfShape(worlds: Worlds, { operationId, method }: Operation, shape: Shape, index: number): Trial[] {
  const isFirstShape = index === 0
  const trial = (isOwn: boolean, changes: readonly Change[]): Trial => {
    const title = ['shape', index, isOwn ? 'own' : 'foreign', ...changes.map((change) => `, ${change.title}`)].join(' ')
    return { title, shape, isFirstShape, isOwn, method: method.toUpperCase(), changes }
  }
  const values = shape.places.map(({ place, schema }) => {
    const naming = namingOf(operationId, place)
    const inBody = place.startsWith('body/')
    const isCombined = isFirstShape && (!inBody || schema['enum'] !== undefined || naming.names === 'version')
    const changes = choicesOf(worlds, operationId, { place, schema }).map((choice): Change => ({ ...choice, place }))
    return { naming, isCombined, isTried: isFirstShape || inBody, changes }
  })
  const things = values.filter(({ naming }) => isThing(naming)).flatMap(({ changes }) => changes)
  const others = values.filter(({ naming, isTried }) => isTried && !isThing(naming))
  const alone = (some: typeof values): Change[][] => some.flatMap(({ changes }) => changes.map((change) => [change]))
  const pairs = pairsOf(others.filter(({ isCombined }) => isCombined).map(({ changes }) => changes))
  // What succeeds comes last: some operations end the account that calls them.
  if (things.length === 0) return [...pairs, ...alone(others), []].map((changes) => trial(true, changes))
  const named = others.filter(({ naming }) => naming.names !== 'nothing')
  return [
    ...things.flatMap((thing) => [[], ...alone(others)].map((changes) => trial(false, [thing, ...changes]))),
    ...things
      .slice(0, MOST_THINGS_IN_PAIRS)
      .flatMap((thing) => pairs.map((changes) => trial(false, [thing, ...changes]))),
    ...[...alone(named), []].map((changes) => trial(true, changes)),
  ]
}

export function applied(draft: Draft, { changes }: Trial, side: 'foreign' | 'unknown'): Draft {
  return changes.reduce((changed, change) => withValue(changed, change.place, change[side]), draft)
}

/** Whether a trial is also sent about unknown things: where its last change names something, pairs aside. */
export function hasTwin({ isOwn, changes }: Trial): boolean {
  const last = changes.at(-1)
  return changes.length <= (isOwn ? 1 : 2) && last !== undefined && last.foreign !== last.unknown
}

/** Text about the foreign things as it would be about the unknown ones. Short values are no ids and are not told. */
export function asUnknown(text: string, { changes }: Trial): string {
  return changes.reduce((changed, { foreign, unknown }) => {
    const areIds = typeof foreign === 'string' && typeof unknown === 'string' && foreign.length >= SHORTEST_ID
    return areIds ? changed.replaceAll(foreign, unknown) : changed
  }, text)
}

function pairsOf(places: readonly (readonly Change[])[]): Change[][] {
  return places.flatMap((first, index) =>
    places.slice(index + 1).flatMap((second) => {
      return first.slice(0, MOST_IN_PAIRS).flatMap((one) => second.slice(0, MOST_IN_PAIRS).map((other) => [one, other]))
    }),
  )
}
