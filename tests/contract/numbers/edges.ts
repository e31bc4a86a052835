import {
  at,
  escapeToken,
  isObject,
  type Json,
  type JsonObject,
  list,
  object,
  type Place,
} from '../../../src/contract/document/document.ts'
import type { Operation, Parameter } from '../../../src/contract/document/operations.ts'
import { document, operations } from '../harness/document-examples.ts'

/** A bound of something that a client sends. */
export interface Bound {
  readonly operation: Operation
  readonly in: 'path' | 'query' | 'header' | 'body'
  /** The name of a parameter, with `/0` for an item of its list; in a body the JSON pointer. */
  readonly name: string
  readonly keyword: Keyword
  readonly limit: number
  readonly schema: JsonObject
  /** Of a list: the schema of what is in it. */
  readonly items: JsonObject | undefined
  /** The body around it, but for what `prepare` brings. */
  readonly body: Json | undefined
}

/** What the contract says of each, and with which type of fault the server answers what is beyond. */
export const FAULTS = {
  minLength: 'string_too_short',
  maxLength: 'string_too_long',
  minItems: 'too_short',
  maxItems: 'too_long',
  minProperties: 'too_short',
  minimum: 'greater_than_equal',
  maximum: 'less_than_equal',
} as const
export type Keyword = keyof typeof FAULTS
const KEYWORDS = Object.keys(FAULTS) as Keyword[]

const root = document.root

/** Every bound of every parameter and body of the contract. */
export const bounds: readonly Bound[] = operations.flatMap((operation) => [
  ...operation.parameters.flatMap((parameter) => boundsOfParameter(operation, parameter)),
  ...[...(operation.body?.content.values() ?? [])].slice(0, 1).flatMap((schema) => boundsOfBody(operation, schema)),
])

function boundsOfParameter(operation: Operation, { name, in: where, schema }: Parameter): Bound[] {
  const place = { in: where, name, body: undefined }
  if (!isObject(schema.value['items'])) return boundsOf(operation, place, schema)
  return [
    ...boundsOf(operation, place, schema),
    ...boundsOf(operation, { ...place, name: `${name}/0` }, at(root, schema, 'items')),
  ]
}

function boundsOf(operation: Operation, place: Pick<Bound, 'in' | 'name' | 'body'>, where: Place): Bound[] {
  const schema = where.value
  const items = isObject(schema['items']) ? at(root, where, 'items').value : undefined
  return KEYWORDS.flatMap((keyword) => {
    const limit = schema[keyword]
    // No text is shorter than none.
    if (typeof limit !== 'number' || (keyword.startsWith('min') && keyword !== 'minimum' && limit === 0)) return []
    return [{ ...place, operation, keyword, limit, schema, items }]
  })
}

function boundsOfBody(operation: Operation, schema: Place): Bound[] {
  return variants(schema).flatMap((variant) => [...walk(operation, variant, '', sample(variant))])
}

/** The bounds of a schema at a pointer into `body`, and of all within it. */
function* walk(operation: Operation, schema: Place, pointer: string, body: Json): Generator<Bound> {
  yield* boundsOf(operation, { in: 'body', name: pointer, body }, schema)
  for (const name of Object.keys(object(schema.value['properties'] ?? {}))) {
    const property = at(root, schema, 'properties', name)
    const place = `${pointer}/${escapeToken(name)}`
    for (const variant of variants(property))
      yield* walk(operation, variant, place, withValue(body, place, sample(variant)))
  }
  if (!isObject(schema.value['items'])) return
  for (const variant of variants(at(root, schema, 'items')))
    yield* walk(operation, variant, `${pointer}/0`, withValue(body, pointer, [sample(variant)]))
}

/** The alternatives of a schema, or itself. */
function variants(schema: Place): Place[] {
  const alternatives = list(schema.value['oneOf'])
  return alternatives.length === 0
    ? [schema]
    : alternatives.flatMap((_, index) => variants(at(root, schema, 'oneOf', String(index))))
}

/** The smallest value that a schema takes, made of its examples. */
export function sample(place: Place): Json {
  const [schema = place] = variants(place)
  const { value } = schema
  const [example] = list(value['examples'])
  if (example !== undefined) return example
  if (isObject(value['items'])) return [sample(at(root, schema, 'items'))]
  if (!isObject(value['properties'])) throw new Error(`${schema.pointer} has no example`)
  const needed = list(value['required']).map(String)
  const names =
    needed.length > 0 ? needed : Object.keys(value['properties']).slice(0, Number(value['minProperties'] ?? 0))
  return Object.fromEntries(names.map((name) => [name, sample(at(root, schema, 'properties', name))]))
}

/** A copy of `value` with another member at a JSON pointer. */
export function withValue(value: Json, pointer: string, member: Json): Json {
  const [, key, ...rest] = pointer.split('/')
  if (key === undefined) return member
  const below = rest.length === 0 ? '' : `/${rest.join('/')}`
  if (Array.isArray(value))
    return value.map((item: Json, index) => (String(index) === key ? withValue(item, below, member) : item))
  const known = isObject(value) ? value : {}
  return { ...known, [key]: withValue(known[key] ?? {}, below, member) }
}
