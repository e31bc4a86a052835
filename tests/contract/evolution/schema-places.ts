import {
  at,
  isObject,
  type Json,
  type JsonObject,
  list,
  object,
  type Place,
} from '../../../src/contract/document/document.ts'
import { LIFETIME } from './compare-lifetimes.ts'

/** Keywords that decide neither validity nor names in generated code. */
export const TEXTS = new Set([
  'description',
  'examples',
  'example',
  'externalDocs',
  '$comment',
  'xml',
  'x-enum-descriptions',
])
/** Keywords allowed beside a `$ref`. Others would go unseen, because only the target of the `$ref` is compared. */
export const BESIDE_REFERENCE = new Set(['$ref', ...TEXTS, ...LIFETIME])

export function resolve(root: JsonObject, place: Place): Place {
  const siblings = '$ref' in place.value ? Object.keys(place.value).filter((key) => !BESIDE_REFERENCE.has(key)) : []
  if (siblings.length > 0) throw new Error(`${place.pointer}: ${siblings.join(', ')} beside $ref cannot be compared`)
  return at(root, place)
}

/** Empty if there is no `$ref`: then it is a keyword like all others. */
export function besideReference({ value }: Place): JsonObject {
  return '$ref' in value ? value : {}
}

/** Not resolved yet, so that keywords beside a `$ref` can be seen. */
export function child(place: Place, ...keys: readonly string[]): Place {
  const value = keys.reduce<Json | undefined>((outer, key) => (isObject(outer) ? outer[key] : undefined), place.value)
  return { pointer: [place.pointer, ...keys].join('/'), value: object(value, place.pointer) }
}

export function membersOf(place: Place): string[] {
  return Object.keys(object(place.value['properties'] ?? {}))
}

/** Branches by the target of their `$ref`; an inline one by its position. */
export function branchesOf(place: Place, keyword: string): Map<string, Place> {
  const branches = list(place.value[keyword]).map((branch, index): [string, Place] => {
    const reference = object(branch)['$ref']
    const name = typeof reference === 'string' ? reference.slice(reference.lastIndexOf('/') + 1) : `number ${index + 1}`
    return [name, { pointer: `${place.pointer}/${keyword}/${index}`, value: object(branch) }]
  })
  return new Map(branches)
}
