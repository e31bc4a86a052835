import {
  isObject,
  type Json,
  type JsonObject,
  list,
  type Place,
  string,
} from '../../../src/contract/document/document.ts'
import { type Finding, shown } from './changes.ts'

/**
 * Whether a pattern was added or removed beside an `enum` whose values all match it, so that the same values are valid.
 * Some generators for zod turn the two together into code that does not run.
 */
export function isImplied(keyword: string, before: JsonObject, after: JsonObject): boolean {
  return keyword === 'pattern' && [before, after].every(isKept)
}

function isKept({ pattern, enum: values }: JsonObject): boolean {
  if (pattern === undefined) return true
  const form = new RegExp(string(pattern), 'u')
  return Array.isArray(values) && values.every((value: Json) => typeof value !== 'string' || form.test(value))
}

/** Generated clients name enum values by `x-enum-varnames`: each name belongs to the value at its position. */
export function compareEnumNames(
  before: Place,
  after: Place,
  id: string,
  names: readonly string[],
): readonly Finding[] {
  const [were, are] = [namesOf(before.value), namesOf(after.value)]
  if (were === undefined && are === undefined) return []
  const report = (text: string): Finding => ({ impact: 'major', id, text, names })
  if (are === undefined) return [report('the names of the values are gone')]
  if (were === undefined) {
    // Without our names no generator could distinguish these values, so no working client can break.
    if (collidingValues(list(before.value['enum'])).length > 0)
      return [{ ...report('the values have names now'), impact: 'patch' }]
    return [report('generators made names of the values themselves, which are others now')]
  }
  const renamed = [...were].filter(
    ([value, name]) => list(after.value['enum']).map(shown).includes(value) && are.get(value) !== name,
  )
  return renamed.map(([value, name]) =>
    report(`${value} was called ${name} and is ${are.get(value) ?? 'without a name'} now`),
  )
}

/** The names by value. */
function namesOf({ enum: values, 'x-enum-varnames': names }: JsonObject): Map<string, string> | undefined {
  if (names === undefined) return undefined
  return new Map(list(values).map((value, index) => [shown(value), shown(list(names)[index])]))
}

/** Values that yield the same identifier, as `title` and `-title` do. */
function collidingValues(values: readonly Json[]): string[] {
  const groups = Map.groupBy(values.filter((value) => value !== null).map(textOf), (value) => wordsOf(value).join(' '))
  return [...groups].flatMap(([words, members]) => (words === '' || members.length > 1 ? members : []))
}

/** A number or a boolean as it is written. */
function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function wordsOf(value: string): string[] {
  return value.toLowerCase().match(/[a-z0-9]+/g) ?? []
}

/** Checks enums: some need names, and names must match their values. */
export function enumNameViolations(root: JsonObject): string[] {
  return visit(root, '')
}

function visit(value: Json, pointer: string): string[] {
  if (Array.isArray(value)) return value.flatMap((entry: Json, index) => visit(entry, `${pointer}/${index}`))
  if (!isObject(value)) return []
  const inside = Object.entries(value).flatMap(([key, member]) => visit(member, `${pointer}/${key}`))
  return [...(Array.isArray(value['enum']) ? violationsOf(value, pointer) : []), ...inside]
}

function violationsOf(schema: JsonObject, pointer: string): string[] {
  const [values, names] = [list(schema['enum']), schema['x-enum-varnames']]
  if (names === undefined) {
    const colliding = collidingValues(values)
    return colliding.length === 0
      ? []
      : [`${pointer}: ${colliding.join(', ')} need x-enum-varnames, or generators call them the same`]
  }
  const called = list(names).map(String)
  if (called.length !== values.length)
    return [`${pointer}: x-enum-varnames has ${called.length} names for ${values.length} values`]
  if (new Set(called).size !== called.length) return [`${pointer}: x-enum-varnames has a name twice`]
  return values.flatMap((value, index) => {
    const [name, text] = [called[index] ?? '', textOf(value)]
    const words = wordsOf(text)
      .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
      .join('')
    // The name of a value with more than words in it, such as a minus, is its words and something more.
    const isTrue = /^\w*$/.test(text) ? name === words : name.startsWith(words) && name.length > words.length
    return isTrue && /^[A-Z][A-Za-z0-9]*$/.test(name)
      ? []
      : [`${pointer}: x-enum-varnames calls ${shown(value)} ${name}`]
  })
}
