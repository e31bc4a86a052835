import { isObject, type Json, type JsonObject, list, object } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { type Finding, same } from './changes.ts'

/** An operation and its document. */
export type Side = readonly [root: JsonObject, operation: Operation]

/** Members that mean nothing to a program, wherever they are. */
export const TEXTS = ['summary', 'description', 'externalDocs', 'example', 'examples'] as const

/** Ignores members that another part compares. Any other member could mean anything, so a change of it is breaking. */
export function compareMembers(
  before: JsonObject,
  after: JsonObject,
  compared: readonly string[],
  idOf: (key: string) => string,
): readonly Finding[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])]
  const known = new Set<string>([...compared, ...TEXTS])
  const changed = keys.filter((key) => !known.has(key) && !same(before[key], after[key]))
  return changed.map((key) => ({
    id: idOf(key),
    impact: 'major',
    text: `${key} changed, and this comparison does not know what that means`,
    names: [],
  }))
}

/** Whether the remaining old names are in another order. */
export function isReordered(were: readonly string[], are: readonly string[]): boolean {
  const [left, right] = [were.filter((name) => are.includes(name)), are.filter((name) => were.includes(name))]
  return left.some((name, index) => right[index] !== name)
}

/** A member that is an object; empty where there is none. */
export function mapOf(value: Json | undefined): JsonObject {
  return isObject(value) ? value : {}
}

/** The objects in a list. */
export function objectsOf(value: Json | undefined): JsonObject[] {
  return list(value).map((entry) => object(entry))
}

/** The name of the component that a `$ref` refers to; undefined for an inline value. */
export function componentOf(value: Json | undefined, kind: string): string | undefined {
  const reference = mapOf(value)['$ref']
  const prefix = `#/components/${kind}/`
  return typeof reference === 'string' && reference.startsWith(prefix) ? reference.slice(prefix.length) : undefined
}

export function componentsOf(root: JsonObject, kind: string): JsonObject {
  return mapOf(mapOf(root['components'])[kind])
}
