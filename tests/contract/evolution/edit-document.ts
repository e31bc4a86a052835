import { isObject, type Json, type JsonObject, list, object } from '../../../src/contract/document/document.ts'

/** A change to seed into a document. Each returns a changed copy. */
export type Edit = (root: JsonObject) => JsonObject

export function having(pointer: string, value: Json): Edit {
  return (root) => object(edited(root, tokens(pointer), () => value))
}

export function without(pointer: string): Edit {
  return (root) =>
    object(edited(root, tokens(pointer), (value) => (value === undefined ? missing(pointer) : undefined)))
}

export function appended(pointer: string, value: Json): Edit {
  return (root) => object(edited(root, tokens(pointer), (values) => [...list(values), value]))
}

export function copied(from: string, to: string, changes: JsonObject = {}): Edit {
  return (root) => having(to, { ...object(valueAt(root, from)), ...changes })(root)
}

export function moved(from: string, to: string): Edit {
  return (root) => without(from)(copied(from, to)(root))
}

export function deprecated(pointer: string, sunset: string): Edit {
  return copied(pointer, pointer, { deprecated: true, 'x-deprecated-since': '2026-11-22', 'x-sunset': sunset })
}

export function both(first: Edit, second: Edit): Edit {
  return (root) => second(first(root))
}

export function renamedSchema(from: string, to: string): Edit {
  return renamedComponent('schemas', from, to)
}

export function renamedComponent(kind: string, from: string, to: string): Edit {
  const rename = replaced(`"#/components/${kind}/${from}"`, `"#/components/${kind}/${to}"`)
  return both(moved(`/components/${kind}/${from}`, `/components/${kind}/${to}`), rename)
}

/** Replaces a text everywhere, in names, references and sentences. */
export function replaced(from: string, to: string): Edit {
  return (root) => {
    const text = JSON.stringify(root)
    return text.includes(from) ? (JSON.parse(text.replaceAll(from, to)) as JsonObject) : missing(from)
  }
}

/** Reorders the members of an object or the entries of a list: those named come first. */
export function reordered(pointer: string, ...first: readonly string[]): Edit {
  return (root) =>
    object(
      edited(root, tokens(pointer), (value = missing(pointer)) => {
        const entries = Object.entries(value ?? {}).map(([key, member]): [string, Json] => [key, member as Json])
        const sorted = entries.toSorted(([a], [b]) => rank(first, a) - rank(first, b))
        return Array.isArray(value) ? sorted.map(([, member]) => member) : Object.fromEntries(sorted)
      }),
    )
}

function rank(first: readonly string[], key: string): number {
  return first.includes(key) ? first.indexOf(key) : first.length
}

/** A copy of a document with another value at one place; undefined removes the place. */
function edited(
  value: Json,
  [key, ...rest]: readonly string[],
  change: (value: Json | undefined) => Json | undefined,
): Json | undefined {
  if (key === undefined) return change(value)
  if (!Array.isArray(value) && !isObject(value)) return missing(key)
  const known = (Array.isArray(value) ? value[Number(key)] : value[key]) as Json | undefined
  const changed =
    known === undefined ? (rest.length > 0 ? edited({}, rest, change) : change(undefined)) : edited(known, rest, change)
  if (Array.isArray(value))
    return (changed === undefined ? value.toSpliced(Number(key), 1) : value.toSpliced(Number(key), 1, changed)) as Json
  const others = Object.entries(value).filter(([name]) => name !== key || changed !== undefined)
  const copy = Object.fromEntries(others)
  return changed === undefined ? copy : { ...copy, [key]: changed }
}

function valueAt(root: JsonObject, pointer: string): Json {
  const found = tokens(pointer).reduce<Json | undefined>(
    (value, key) => (isObject(value) ? value[key] : undefined),
    root,
  )
  return found ?? missing(pointer)
}

function tokens(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function missing(pointer: string): never {
  throw new Error(`The document has no ${pointer}: the seed has nothing to change`)
}
