import type { operations as contract } from '../../../generated/openapi.d.ts'
import {
  at,
  type Json,
  type JsonObject,
  list,
  object,
  type Place as SchemaPlace,
} from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import type { OperationId } from '../../../src/contract/types.ts'
import { document, requestExamples } from '../harness/document-examples.ts'

/**
 * Every place of a request where the contract takes a value, such as `path/note_id`, `header/If-Match` or
 * `body/actions/[]/note_id` (`[]` is any item of a list), read from the generated types.
 */
export type PlaceOf<K extends OperationId> =
  | Names<'path', contract[K]['parameters']['path']>
  | Names<'query', contract[K]['parameters']['query']>
  | Names<'header', contract[K]['parameters']['header']>
  | (contract[K] extends { requestBody: { content: infer C } } ? Values<C[keyof C], 'body'> : never)

type Names<Where extends string, T> = [NonNullable<T>] extends [never] ? never : Values<NonNullable<T>, Where>
type Values<T, P extends string> = T extends readonly (infer Item)[]
  ? Values<Item, `${P}/[]`>
  : T extends object
    ? { [N in keyof T & string]-?: Values<NonNullable<T[N]>, `${P}/${N}`> }[keyof T & string]
    : // A union of literals is one value.
      P

/** A place in one shape of a request, with the schema of its value. */
export interface PlacedSchema {
  readonly place: string
  readonly schema: JsonObject
}

/** One way to fill a request in: a body has one for each branch of a `oneOf`. */
export interface Shape {
  /** undefined for an operation that takes no body. */
  readonly body: Json | undefined
  readonly places: readonly PlacedSchema[]
}

/** The shapes of an operation's requests; the first is the document's own first example. */
export function shapesOf(operation: Operation): Shape[] {
  const parameters = operation.parameters.flatMap((parameter) =>
    placesOfValue(parameter.schema, `${parameter.in}/${parameter.name}`),
  )
  const [schema] = operation.body?.content.values() ?? []
  if (schema === undefined) return [{ body: undefined, places: parameters }]
  const [example] = requestExamples(operation)
  return shapesOfValue(schema, 'body').map(({ body, places }, index) => ({
    body: index === 0 && example !== undefined ? example.value : body,
    places: [...parameters, ...places],
  }))
}

function placesOfValue(schema: SchemaPlace, place: string): PlacedSchema[] {
  return shapesOfValue(schema, place).flatMap(({ places }) => places)
}

function shapesOfValue(raw: SchemaPlace, place: string): Shape[] {
  const schema = at(document.root, raw)
  const { value } = schema
  const branches = list(value['oneOf'])
  if (branches.length > 0)
    return branches.flatMap((_, index) => shapesOfValue(at(document.root, schema, 'oneOf', String(index)), place))
  switch (value['type']) {
    case 'object':
      return shapesOfObject(schema, place)
    case 'array': {
      const items = shapesOfValue(at(document.root, schema, 'items'), `${place}/[]`)
      return items.map(({ body = null, places }) => ({ body: [body], places }))
    }
    default:
      return [{ body: samplesOf(value)[0] ?? null, places: [{ place, schema: value }] }]
  }
}

/** With the fields that it needs, and one shape for each shape of any field. */
function shapesOfObject(schema: SchemaPlace, place: string): Shape[] {
  const required = new Set(list(schema.value['required']).map(String))
  let shapes: Shape[] = [{ body: {}, places: [] }]
  for (const name of Object.keys(object(schema.value['properties'] ?? {}))) {
    const fields = shapesOfValue(at(document.root, schema, 'properties', name), `${place}/${name}`)
    shapes = shapes.flatMap(({ body, places }) =>
      fields.map((field) => ({
        body: required.has(name) ? { ...object(body), [name]: field.body ?? null } : (body ?? {}),
        places: [...places, ...field.places],
      })),
    )
  }
  return shapes
}

/** Values that a schema allows: the examples, each value of a list, both ends of a range. */
export function samplesOf(schema: JsonObject): Json[] {
  const examples = list(schema['examples'])
  if (Array.isArray(schema['enum'])) return [...new Set([...examples, ...list(schema['enum'])])]
  if (schema['type'] === 'boolean') return [...new Set([...examples, true, false])]
  if (schema['type'] !== 'integer') return [...examples]
  return [...examples, schema['minimum'], schema['maximum']].filter((value) => value !== undefined)
}
