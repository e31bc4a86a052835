import { at, isObject, type Json, list, object, type Place } from '../../../src/contract/document/document.ts'
import { document, operations, requestExamples, responseExamples } from '../harness/document-examples.ts'
import { schemaFaults } from '../harness/independent-check.ts'
import { parametersOf } from './requests.ts'

const { root } = document

/** Values by the schema that they stand at: what was taken there, or given. */
export interface SchemaValues {
  readonly add: (schema: Place, value: Json) => void
  readonly has: (pointer: string, value: Json) => boolean
}

export function createSchemaValues(): SchemaValues {
  const values = new Map<string, Set<string>>()
  return {
    add: (schema, value) => {
      for (const [pointer, part] of partsOf(schema, value)) {
        const known = values.get(pointer) ?? new Set()
        values.set(pointer, known.add(JSON.stringify(part)))
      }
    },
    has: (pointer, value) => values.get(pointer)?.has(JSON.stringify(value)) === true,
  }
}

/** Every example of a body or parameter in the document; the tests beside this file hold that each is taken or given. */
export function addExamples(values: SchemaValues): void {
  for (const operation of operations) {
    for (const { schema, example } of parametersOf(operation)) values.add(schema, example)
    for (const { mediaType, value } of requestExamples(operation))
      add(values, operation.body?.content.get(mediaType), value)
    for (const [status, { content }] of operation.responses) {
      for (const { mediaType, value } of responseExamples(operation, status)) add(values, content.get(mediaType), value)
    }
  }
}

function add(values: SchemaValues, schema: Place | undefined, value: Json): void {
  if (schema !== undefined) values.add(schema, value)
}

/** A value and all that is in it, each with the pointer to its schema; of a choice the branches that it fits. */
function* partsOf(place: Place, value: Json): Generator<[pointer: string, value: Json]> {
  const schema = at(root, place)
  yield [schema.pointer, value]
  for (const branch of branchesOf(schema))
    if (schemaFaults(branch.pointer, value).length === 0) yield* partsOf(branch, value)
  if (Array.isArray(value)) {
    for (const item of value) yield* partsOf(at(root, schema, 'items'), item as Json)
  } else if (isObject(value) && 'properties' in schema.value) {
    for (const [name, member] of Object.entries(value)) yield* partsOf(at(root, schema, 'properties', name), member)
  }
}

/** Values put together from the examples of a schema's properties, with every property; one for each branch of a choice within. */
export function builtFrom(place: Place): Json[] {
  const schema = at(root, place)
  if (Array.isArray(schema.value['examples'])) return [...schema.value['examples']] as Json[]
  const branches = branchesOf(schema)
  if (branches.length > 0) return branches.flatMap(builtFrom)
  if ('items' in schema.value) return builtFrom(at(root, schema, 'items')).map((item) => [item])
  const names = Object.keys(object(schema.value['properties'] ?? {}))
  const choices = names.map((name) => [name, builtFrom(at(root, schema, 'properties', name))] as const)
  const count = Math.max(...choices.map(([, values]) => values.length))
  return Array.from({ length: count }, (_, index) =>
    Object.fromEntries(choices.map(([name, values]) => [name, values[Math.min(index, values.length - 1)] ?? null])),
  )
}

function branchesOf(schema: Place): Place[] {
  return list(schema.value['oneOf']).map((_, index) => at(root, schema, 'oneOf', String(index)))
}
