import {
  at,
  isObject,
  type Json,
  type JsonObject,
  list,
  object,
  type Place,
} from '../../../src/contract/document/document.ts'

/** Longer lists would show nothing more. */
const MOST_ITEMS = 100

/** Values that show what a schema allows: each value of a list, both ends of each range, the examples. */
export function samplesOf(root: JsonObject, raw: Place): Json[] {
  const schema = at(root, raw)
  const { value } = schema
  if (Array.isArray(value['enum'])) return [...(value['enum'] as Json[])]
  const examples = list(value['examples'])
  switch (value['type']) {
    case 'boolean':
      return [true, false]
    case 'integer':
      return [value['minimum'], value['maximum']].filter((bound) => bound !== undefined)
    case 'string': {
      const lengths = [value['minLength'], value['maxLength']].map(Number).filter((length) => length > 0)
      // A text with a format shows nothing at its bounds. A pattern may refuse these, which shows when they are sent.
      return [
        ...examples,
        ...(value['format'] === undefined || value['format'] === 'password'
          ? lengths.map((length) => 'a'.repeat(length))
          : []),
      ]
    }
    case 'array':
      return [...examples, ...listsOf(root, schema)]
    default:
      return [...examples]
  }
}

/** Lists with one item of each kind, and the longest list. */
function listsOf(root: JsonObject, schema: Place): Json[] {
  const items = at(root, schema, 'items')
  const branches = list(items.value['oneOf']).map((_, index) => at(root, items, 'oneOf', String(index)))
  if (branches.length > 0) return branches.flatMap((branch) => objectsOf(root, branch).map((item) => [item]))
  const values = samplesOf(root, items)
  const most = Math.min(Number(schema.value['maxItems'] ?? 1), MOST_ITEMS)
  const [first] = values
  const longest =
    typeof first === 'string' && items.value['enum'] === undefined
      ? [Array.from({ length: most }, (_, index) => `${first} ${index}`)]
      : []
  return [...values.map((value) => [value]), ...longest]
}

/** An object with all its fields, one with the required fields only, and one for each value of its enums. */
function objectsOf(root: JsonObject, schema: Place): JsonObject[] {
  const required = list(schema.value['required']).map(String)
  const names = Object.keys(object(schema.value['properties'] ?? {}))
  const values = new Map(names.map((name) => [name, samplesOf(root, at(root, schema, 'properties', name))]))
  const some = (chosen: readonly string[]): JsonObject =>
    Object.fromEntries(chosen.map((name) => [name, values.get(name)?.[0] ?? null]))
  const whole = some(names)
  const variants = names.flatMap((name) => {
    const isChoice = Array.isArray(at(root, schema, 'properties', name).value['enum'])
    return isChoice ? (values.get(name) ?? []).slice(1).map((value) => ({ ...some(required), [name]: value })) : []
  })
  return [whole, some(required), ...variants]
}

/** Bodies that each differ in a single field from one that works. */
export function bodiesLike(root: JsonObject, schema: Place, working: JsonObject): JsonObject[] {
  const bodies = fieldsOf(root, schema).map(([name, value]) => ({ ...working, [name]: withIds(value, working[name]) }))
  // Branches of a choice share fields, and the working body has one of the values.
  const known = new Set([JSON.stringify(working)])
  return bodies.filter((body) => {
    const text = JSON.stringify(body)
    return !known.has(text) && known.add(text)
  })
}

function fieldsOf(root: JsonObject, raw: Place): [name: string, value: Json][] {
  const schema = at(root, raw)
  const branches = list(schema.value['oneOf'])
  if (branches.length > 0)
    return branches.flatMap((_, index) => fieldsOf(root, at(root, schema, 'oneOf', String(index))))
  return Object.keys(object(schema.value['properties'] ?? {})).flatMap((name) => {
    return samplesOf(root, at(root, schema, 'properties', name)).map((value): [string, Json] => [name, value])
  })
}

/** Items of a list keep the ids of the list that works, because the ids of the document do not exist. */
function withIds(value: Json, working: Json | undefined): Json {
  const [model] = list(working)
  if (!Array.isArray(value) || !isObject(model)) return value
  const ids = Object.fromEntries(Object.entries(model).filter(([name]) => name.endsWith('_id')))
  return value.map((item: Json) => (isObject(item) ? { ...item, ...ids } : item))
}
