import { isObject, type Json, object } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { document, operations } from '../../contract/harness/document-examples.ts'

/** `operation status` of every answer with this header. */
export function answersWithHeader(name: string): string[] {
  return answers((_, { headers }) => headers.some((header) => header.name === name))
}

/** `operation status` of every answer that holds an object with all of these fields. */
export function answersWithFields(...names: readonly string[]): string[] {
  return answers((_, { content }) => [...content.values()].some(({ value }) => holds(value, names)))
}

/** `operation status` of every failure. */
export function failures(): string[] {
  return answers((_, __, status) => status >= 400)
}

/** Operations that answer with a list at the top. */
export const lists: readonly string[] = operations
  .filter(({ responses }) =>
    [...(responses.get(200)?.content.values() ?? [])].some(({ value }) => value['type'] === 'array'),
  )
  .map(({ operationId }) => operationId)

type Spec = Operation['responses'] extends ReadonlyMap<number, infer Response> ? Response : never

function answers(applies: (operation: Operation, spec: Spec, status: number) => boolean): string[] {
  return operations.flatMap((operation) => {
    const mine = [...operation.responses].filter(([status, spec]) => applies(operation, spec, status))
    return mine.map(([status]) => `${operation.operationId} ${status}`)
  })
}

/** Whether a schema describes, anywhere in what it describes, an object with these fields. */
function holds(schema: Json, names: readonly string[]): boolean {
  if (Array.isArray(schema)) return schema.some((member: Json) => holds(member, names))
  if (!isObject(schema)) return false
  const reference = schema['$ref']
  if (typeof reference === 'string') return holds(lookUp(reference), names)
  const properties = schema['properties']
  if (isObject(properties) && names.every((name) => name in properties)) return true
  return Object.entries(schema).some(([key, member]) => key !== 'examples' && key !== 'example' && holds(member, names))
}

function lookUp(reference: string): Json {
  return reference
    .split('/')
    .slice(1)
    .reduce<Json>((value, key) => object(value)[key] ?? null, document.root)
}
