import { type Json, list } from '../../../src/contract/document/document.ts'
import { type Impact, same, shown } from './changes.ts'

/** A request must still accept what it accepted before; a reply must not have values that it did not have before. */
export type Direction = 'request' | 'reply'

/** `narrower`: fewer values are valid than before; `wider`: more; `other`: both, or unknown. */
export type Shift = 'narrower' | 'wider' | 'other'

const LOWER = new Set(['minLength', 'minimum', 'exclusiveMinimum', 'minItems', 'minProperties'])
const UPPER = new Set(['maxLength', 'maximum', 'exclusiveMaximum', 'maxItems', 'maxProperties'])

export function impactOf(shift: Shift, direction: Direction): Impact {
  if (shift === 'other') return 'major'
  return (shift === 'narrower') === (direction === 'request') ? 'major' : 'minor'
}

export function isBound(keyword: string): boolean {
  return LOWER.has(keyword) || UPPER.has(keyword)
}

/** undefined for 0, because nothing is shorter. */
export function shiftOfBound(keyword: string, was: Json | undefined, is: Json | undefined): Shift | undefined {
  const isLower = LOWER.has(keyword)
  const none = !isLower ? Infinity : keyword.endsWith('inimum') ? -Infinity : 0
  const [before, after] = [Number(was ?? none), Number(is ?? none)]
  if (before === after) return undefined
  return after > before === isLower ? 'narrower' : 'wider'
}

/** Null among the types decides validity only; any other type also decides generated code. */
export function shiftOfTypes(was: Json | undefined, is: Json | undefined): Shift | undefined {
  const [before, after] = [typesOf(was), typesOf(is)]
  const [old, now] = [before, after].map((types) => types?.filter((type) => type !== '"null"').toSorted())
  return same(old, now) ? shiftOfSets(before, after) : 'other'
}

/** Keywords whose order does not matter. */
export function shiftOfValues(was: Json | undefined, is: Json | undefined): Shift | undefined {
  return shiftOfSets(Array.isArray(was) ? was.map(shown) : undefined, Array.isArray(is) ? is.map(shown) : undefined)
}

/** A set that is undefined allows everything. */
function shiftOfSets(was: readonly string[] | undefined, is: readonly string[] | undefined): Shift | undefined {
  const isWider = was !== undefined && (is === undefined || is.some((value) => !was.includes(value)))
  const isNarrower = is !== undefined && (was === undefined || was.some((value) => !is.includes(value)))
  return isWider && isNarrower ? 'other' : isWider ? 'wider' : isNarrower ? 'narrower' : undefined
}

function typesOf(value: Json | undefined): string[] | undefined {
  if (value === undefined) return undefined
  return typeof value === 'string' ? [shown(value)] : list(value).map(shown)
}
