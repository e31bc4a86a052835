import { isObject, type JsonObject, list, type Place } from '../../../src/contract/document/document.ts'
import { type Finding, type Impact, same, shown } from './changes.ts'
import { compareEnumNames, isImplied } from './compare-enums.ts'
import { compareLifetime } from './compare-lifetimes.ts'
import { componentsOf, isReordered } from './compare-members.ts'
import {
  type Direction,
  impactOf,
  isBound,
  type Shift,
  shiftOfBound,
  shiftOfTypes,
  shiftOfValues,
} from './schema-shifts.ts'
import { BESIDE_REFERENCE, besideReference, branchesOf, child, membersOf, resolve, TEXTS } from './schema-places.ts'

export type CompareSchemas = (before: Place, after: Place, direction: Direction) => readonly Finding[]

/** Keywords that narrow what is valid if they are present; two values of one cannot be compared. */
const OPAQUE = new Set(['pattern', 'multipleOf'])
/** Keywords by which generators choose a type (a date, a 64-bit integer, a set) or the name of one. */
const TYPING = new Set(['format', 'uniqueItems', 'title'])
/** The pointer of a schema that has a name. */
const COMPONENT = /^\/components\/schemas\/([^/]+)$/

/** Whether the contract says that this list will grow. The sentence is the only marker. */
export function isOpenEnum(schema: JsonObject): boolean {
  return /Ignore \w+ that you do not know/.test(JSON.stringify(schema['description'] ?? ''))
}

/** Compares the schemas of two documents, each pair once, however many operations share it. */
export function schemaComparison(oldRoot: JsonObject, newRoot: JsonObject): CompareSchemas {
  const known = new Map<string, readonly Finding[]>()

  const compare: CompareSchemas = (beforeRaw, afterRaw, direction) => {
    const [before, after] = [resolve(oldRoot, beforeRaw), resolve(newRoot, afterRaw)]
    return [
      ...compareReference(beforeRaw, before, after, direction),
      ...compareLifetime(besideReference(beforeRaw), besideReference(afterRaw), (rule, impact, text) =>
        finding(`${direction}/${rule}`, beforeRaw.pointer, impact, text),
      ),
      ...compareResolved(before, after, direction),
    ]
  }

  /** Findings of an inline schema are reported at its place, those of a shared one once. */
  function compareReference({ pointer }: Place, before: Place, after: Place, direction: Direction): Finding[] {
    const [, was] = COMPONENT.exec(before.pointer) ?? []
    const [, is] = COMPONENT.exec(after.pointer) ?? []
    // A schema that was removed is reported as such, wherever it was used.
    if (was === undefined || was === is || componentsOf(newRoot, 'schemas')[was] === undefined) return []
    const text = `its type was ${was} and is ${is ?? 'without a name'} now`
    return [finding(`${direction}/type-name`, pointer, 'major', text)]
  }

  function compareResolved(before: Place, after: Place, direction: Direction): readonly Finding[] {
    const key = `${direction} ${before.pointer} ${after.pointer}`
    const done = known.get(key)
    if (done !== undefined) return done
    known.set(key, [])
    const keywords = new Set([...Object.keys(before.value), ...Object.keys(after.value)])
    const findings = [
      ...[...keywords].flatMap((keyword) => compareKeyword(keyword, before, after, direction)),
      ...compareLifetime(before.value, after.value, (rule, impact, text) =>
        finding(`${direction}/${rule}`, before.pointer, impact, text),
      ),
      ...compareEnumNames(before, after, `${direction}/x-enum-varnames ${before.pointer}`, nameOf(before.pointer)),
    ]
    known.set(key, findings)
    return findings
  }

  function compareKeyword(keyword: string, before: Place, after: Place, direction: Direction): readonly Finding[] {
    const [was, is] = [before.value[keyword], after.value[keyword]]
    const found = (impact: Impact, text = `${keyword}: ${shown(was)} became ${shown(is)}`) => [
      finding(`${direction}/${keyword}`, before.pointer, impact, text),
    ]
    switch (keyword) {
      case 'properties':
        return compareProperties(before, after, direction)
      case 'required':
        return compareRequired(before, after, direction)
      case 'items':
        if (!isObject(was) || !isObject(is)) return found(impactOf(isObject(is) ? 'narrower' : 'wider', direction))
        return compare(child(before, 'items'), child(after, 'items'), direction)
      case 'oneOf':
      case 'anyOf':
        return compareBranches(keyword, before, after, direction)
    }
    if (TEXTS.has(keyword) || BESIDE_REFERENCE.has(keyword) || keyword === 'x-enum-varnames' || same(was, is)) return []
    if (isImplied(keyword, before.value, after.value))
      return found('patch', `${keyword} says nothing that the enum does not say`)
    const shifted = (shift: Shift | undefined) => (shift === undefined ? [] : found(impactOf(shift, direction)))
    switch (keyword) {
      case 'type':
        return shifted(shiftOfTypes(was, is))
      case 'enum': {
        const shift = shiftOfValues(was, is)
        const isExpected = shift === 'wider' && direction === 'reply' && isOpenEnum(before.value) && Array.isArray(is)
        return isExpected ? found('minor') : shifted(shift)
      }
      case 'additionalProperties':
        // Clients ignore unknown fields in replies, so opening or closing an object breaks none.
        if (isObject(was) && isObject(is)) return compare(child(before, keyword), child(after, keyword), direction)
        if (same(was ?? true, is ?? true)) return []
        return found(
          direction === 'reply'
            ? 'minor'
            : impactOf(is === false ? 'narrower' : was === false ? 'wider' : 'other', direction),
        )
      case 'default':
        // An old request without the field would change its meaning. In a reply no default is filled in.
        return found(direction === 'request' ? 'major' : 'patch')
    }
    if (TYPING.has(keyword)) return same(was ?? false, is ?? false) ? [] : found('major')
    if (isBound(keyword)) return shifted(shiftOfBound(keyword, was, is))
    if (OPAQUE.has(keyword)) return shifted(was === undefined ? 'narrower' : is === undefined ? 'wider' : 'other')
    return found('major', `${keyword} changed, and this comparison does not know what that means`)
  }

  function compareProperties(before: Place, after: Place, direction: Direction): Finding[] {
    const [were, are] = [membersOf(before), membersOf(after)]
    // Generated constructors take the fields in this order, and swapped texts would still compile.
    const order = direction === 'request' && isReordered(were, are) ? ['the fields stand in another order'] : []
    const findings = [...new Set([...were, ...are])].flatMap((name) => {
      const place = `${before.pointer}/properties/${name}`
      if (!are.includes(name))
        return finding(`${direction}/property-removed`, place, 'major', `the field ${name} is gone`)
      if (!were.includes(name))
        return finding(`${direction}/property-added`, place, 'minor', `the field ${name} is new`)
      return compare(child(before, 'properties', name), child(after, 'properties', name), direction)
    })
    return [...order.map((text) => finding(`${direction}/property-order`, before.pointer, 'major', text)), ...findings]
  }

  function compareBranches(keyword: string, before: Place, after: Place, direction: Direction): Finding[] {
    const [were, are] = [branchesOf(before, keyword), branchesOf(after, keyword)]
    const gone = [...were.keys()].filter((name) => !are.has(name))
    const come = [...are.keys()].filter((name) => !were.has(name))
    const report = (shift: Shift, text: string) =>
      finding(`${direction}/${keyword}`, before.pointer, impactOf(shift, direction), text)
    return [
      // If there was no choice before, adding one narrows.
      ...gone.map((name) => report(are.size === 0 ? 'wider' : 'narrower', `${name} is no longer one of the choices`)),
      ...come.map((name) => report(were.size === 0 ? 'narrower' : 'wider', `${name} is a new choice`)),
      ...[...were].flatMap(([name, place]) => {
        const other = are.get(name)
        return other === undefined ? [] : compare(place, other, direction)
      }),
    ]
  }

  return compare
}

function compareRequired(before: Place, after: Place, direction: Direction): Finding[] {
  const [were, are] = [list(before.value['required']).map(String), list(after.value['required']).map(String)]
  // A removed field, or one added to a reply, is reported as such.
  const come = are.filter(
    (name) => !were.includes(name) && (direction === 'request' || membersOf(before).includes(name)),
  )
  const gone = were.filter((name) => !are.includes(name) && membersOf(after).includes(name))
  const report = (name: string, shift: Shift, text: string) =>
    finding(
      `${direction}/required`,
      `${before.pointer}/properties/${name}`,
      impactOf(shift, direction),
      `the field ${name} ${text}`,
    )
  return [
    ...come.map((name) => report(name, 'narrower', 'is required now')),
    ...gone.map((name) => report(name, 'wider', 'may be missing now')),
  ]
}

function finding(rule: string, pointer: string, impact: Impact, text: string): Finding {
  return { impact, id: `${rule} ${pointer}`, text, names: nameOf(pointer) }
}

/** The name of a place for people: the innermost field, or the schema; nothing if it has no name. */
function nameOf(pointer: string): string[] {
  const [, field] = /\/properties\/([^/]+)(?!.*\/properties\/)/.exec(pointer) ?? []
  const [, component] = /^\/components\/schemas\/([^/]+)/.exec(pointer) ?? []
  return [field ?? component ?? []].flat()
}
