import { at, isObject, type Json, type JsonObject, list, object, type Place } from '../../../src/contract/document.ts'
import { type Finding, type Impact, same, shown } from './changes.ts'

/** A request must go on to accept what it accepted; a reply must not begin to say what it did not say. */
export type Direction = 'request' | 'reply'
export type CompareSchemas = (before: Place, after: Place, direction: Direction) => readonly Finding[]

/** `narrower`: fewer values are valid than before; `wider`: more; `other`: some went and some came, or nobody knows. */
type Shift = 'narrower' | 'wider' | 'other'

const LOWER = new Set(['minLength', 'minimum', 'exclusiveMinimum', 'minItems', 'minProperties'])
const UPPER = new Set(['maxLength', 'maximum', 'exclusiveMaximum', 'maxItems', 'maxProperties'])
/** Either they are there and narrow what is valid, or they are not; two of them cannot be compared. */
const OPAQUE = new Set(['pattern', 'format', 'multipleOf', 'uniqueItems'])
/** Nothing is valid or invalid because of these. */
const TEXTS = new Set(['title', 'description', 'examples', 'example', 'externalDocs', '$comment', 'xml'])

/** Clients were told in the released contract that this list will grow. The sentence is the only marker. */
export function isOpenEnum(schema: JsonObject): boolean {
  return /Ignore \w+ that you do not know/.test(JSON.stringify(schema['description'] ?? ''))
}

function impactOf(shift: Shift, direction: Direction): Impact {
  if (shift === 'other') return 'major'
  return (shift === 'narrower') === (direction === 'request') ? 'major' : 'minor'
}

/** Compares the schemas of two documents, each pair once, however many operations share it. */
export function schemaComparison(oldRoot: JsonObject, newRoot: JsonObject): CompareSchemas {
  const known = new Map<string, readonly Finding[]>()

  const compare: CompareSchemas = (beforeRaw, afterRaw, direction) => {
    const [before, after] = [resolve(oldRoot, beforeRaw), resolve(newRoot, afterRaw)]
    const key = `${direction} ${before.pointer} ${after.pointer}`
    const done = known.get(key)
    if (done !== undefined) return done
    known.set(key, [])
    const keywords = new Set([...Object.keys(before.value), ...Object.keys(after.value)])
    const findings = [...keywords].flatMap((keyword) => compareKeyword(keyword, before, after, direction))
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
    if (TEXTS.has(keyword) || keyword.startsWith('x-') || same(was, is)) return []
    switch (keyword) {
      case 'type':
        return found(impactOf(shiftOfSets(typesOf(was), typesOf(is)), direction))
      case 'enum': {
        const shift = shiftOfSets(Array.isArray(was) ? was.map(shown) : undefined, Array.isArray(is) ? is.map(shown) : undefined)
        const isExpected = shift === 'wider' && direction === 'reply' && isOpenEnum(before.value) && Array.isArray(is)
        return found(isExpected ? 'minor' : impactOf(shift, direction))
      }
      case 'additionalProperties':
        // Whoever reads replies ignores what it does not know: opening or closing them breaks nobody.
        if (isObject(was) && isObject(is)) return compare(child(before, keyword), child(after, keyword), direction)
        return found(direction === 'reply' ? 'minor' : impactOf(is === false ? 'narrower' : was === false ? 'wider' : 'other', direction))
      case 'default':
        // An old request that leaves it out would mean something else. In a reply nothing is filled in.
        return found(direction === 'request' ? 'major' : 'patch')
      case 'deprecated':
        return found('minor')
    }
    if (LOWER.has(keyword) || UPPER.has(keyword)) {
      const shift = shiftOfBound(keyword, was, is)
      return shift === undefined ? [] : found(impactOf(shift, direction))
    }
    if (OPAQUE.has(keyword)) return found(impactOf(was === undefined ? 'narrower' : is === undefined ? 'wider' : 'other', direction))
    return found('major', `${keyword} changed, and this comparison does not know what that means`)
  }

  function compareProperties(before: Place, after: Place, direction: Direction): Finding[] {
    const [were, are] = [membersOf(before), membersOf(after)]
    return [...new Set([...were, ...are])].flatMap((name) => {
      const place = `${before.pointer}/properties/${name}`
      if (!are.includes(name)) return finding(`${direction}/property-removed`, place, 'major', `the field ${name} is gone`)
      if (!were.includes(name)) return finding(`${direction}/property-added`, place, 'minor', `the field ${name} is new`)
      return compare(child(before, 'properties', name), child(after, 'properties', name), direction)
    })
  }

  function compareBranches(keyword: string, before: Place, after: Place, direction: Direction): Finding[] {
    const [were, are] = [branchesOf(before, keyword), branchesOf(after, keyword)]
    const gone = [...were.keys()].filter((name) => !are.has(name))
    const come = [...are.keys()].filter((name) => !were.has(name))
    const tell = (shift: Shift, text: string) => finding(`${direction}/${keyword}`, before.pointer, impactOf(shift, direction), text)
    return [
      // Where there was no choice before, a choice narrows.
      ...gone.map((name) => tell(are.size === 0 ? 'wider' : 'narrower', `${name} is no longer one of the choices`)),
      ...come.map((name) => tell(were.size === 0 ? 'narrower' : 'wider', `${name} is a new choice`)),
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
  // A field that went is told as such; one that came to a reply too.
  const come = are.filter((name) => !were.includes(name) && (direction === 'request' || membersOf(before).includes(name)))
  const gone = were.filter((name) => !are.includes(name) && membersOf(after).includes(name))
  const tell = (name: string, shift: Shift, text: string) =>
    finding(`${direction}/required`, `${before.pointer}/properties/${name}`, impactOf(shift, direction), `the field ${name} ${text}`)
  return [
    ...come.map((name) => tell(name, 'narrower', 'is required now')),
    ...gone.map((name) => tell(name, 'wider', 'may be missing now')),
  ]
}

function finding(rule: string, pointer: string, impact: Impact, text: string): Finding {
  return { impact, id: `${rule} ${pointer}`, text, names: nameOf(pointer) }
}

/** What a person calls the place: the innermost field, or the schema; nothing where it has no name of its own. */
function nameOf(pointer: string): string[] {
  const [, field] = /\/properties\/([^/]+)(?!.*\/properties\/)/.exec(pointer) ?? []
  const [, component] = /^\/components\/schemas\/([^/]+)/.exec(pointer) ?? []
  return [field ?? component ?? []].flat()
}

/** A sibling of `$ref` that narrows would go unseen, because only what it refers to is compared. */
function resolve(root: JsonObject, place: Place): Place {
  const siblings = '$ref' in place.value ? Object.keys(place.value).filter((key) => key !== '$ref' && !TEXTS.has(key)) : []
  if (siblings.length > 0) throw new Error(`${place.pointer}: ${siblings.join(', ')} beside $ref cannot be compared`)
  return at(root, place)
}

/** Not yet resolved: what stands beside a `$ref` is still to be seen. */
function child(place: Place, ...keys: readonly string[]): Place {
  const value = keys.reduce<Json | undefined>((outer, key) => (isObject(outer) ? outer[key] : undefined), place.value)
  return { pointer: [place.pointer, ...keys].join('/'), value: object(value, place.pointer) }
}

function membersOf(place: Place): string[] {
  return Object.keys(object(place.value['properties'] ?? {}))
}

/** Branches by what they refer to; an inline one by its position. */
function branchesOf(place: Place, keyword: string): Map<string, Place> {
  const branches = list(place.value[keyword]).map((branch, index): [string, Place] => {
    const reference = object(branch)['$ref']
    const name = typeof reference === 'string' ? reference.slice(reference.lastIndexOf('/') + 1) : `number ${index + 1}`
    return [name, { pointer: `${place.pointer}/${keyword}/${index}`, value: object(branch) }]
  })
  return new Map(branches)
}

/** Integers are numbers, so a number accepts them too. */
function typesOf(value: Json | undefined): string[] | undefined {
  if (value === undefined) return undefined
  const types = typeof value === 'string' ? [value] : list(value).map(String)
  return types.includes('number') ? [...types, 'integer'] : types
}

/** undefined: everything is allowed. */
function shiftOfSets(was: readonly string[] | undefined, is: readonly string[] | undefined): Shift {
  if (was === undefined) return 'narrower'
  if (is === undefined) return 'wider'
  const isWider = is.some((value) => !was.includes(value))
  const isNarrower = was.some((value) => !is.includes(value))
  return isWider && isNarrower ? 'other' : isWider ? 'wider' : 'narrower'
}

/** undefined: nothing is shorter than 0 anyway. */
function shiftOfBound(keyword: string, was: Json | undefined, is: Json | undefined): Shift | undefined {
  const isLower = LOWER.has(keyword)
  const none = !isLower ? Infinity : keyword.endsWith('inimum') ? -Infinity : 0
  const [before, after] = [Number(was ?? none), Number(is ?? none)]
  if (before === after) return undefined
  return after > before === isLower ? 'narrower' : 'wider'
}
