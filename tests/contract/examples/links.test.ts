import { expect, test } from 'vitest'
import { at, type Json, type JsonObject, object, type Place, string } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import type { OperationId } from '../../../src/contract/types.ts'
import { document, operationCalled, operations, responseExamples } from '../harness/document-examples.ts'
import { schemaFaults } from '../harness/independent-check.ts'
import { exampleRequests, headerExamples, parametersOf } from './requests.ts'

/** Every link of the document; tests/contract/links.test.ts follows each from a real answer. */
const links = operations.flatMap((from) =>
  [...from.responses.keys()].flatMap((status) => {
    const response = at(
      document.root,
      { pointer: '', value: document.root },
      'paths',
      from.path,
      from.method,
      'responses',
      String(status),
    )
    return Object.entries(object(response.value['links'] ?? {})).map(([name, value]) => {
      const link = object(value)
      const to = operationCalled(string(link['operationId']) as OperationId)
      return { from, status, link, to, title: `${from.operationId} ${status} ${name}` }
    })
  }),
)

test.each(links)('the link $title leads on from the example beside it', ({ from, status, link, to }) => {
  for (const [name, expression] of Object.entries(object(link['parameters'] ?? {}))) {
    const parameter = parametersOf(to).find((candidate) => candidate.name === name)
    const value = evaluate(string(expression), from, status)
    expect({
      name,
      faults: parameter === undefined ? ['is not taken'] : schemaFaults(parameter.schema.pointer, value),
    }).toEqual({
      name,
      faults: [],
    })
  }
})

test.each(links)('the text of the link $title names only what there is', ({ from, status, link, to }) => {
  const known = new Set([
    ...parametersOf(to).map(({ name }) => name),
    ...[...(to.body?.content.values() ?? [])].flatMap(fieldsOf),
    ...[...(from.responses.get(status)?.content.values() ?? [])].flatMap(fieldsOf),
  ])
  const named = [...string(link['description']).matchAll(/`([^`]+)`/g)].map(([, name]) => name)
  expect(named.filter((name) => !known.has(String(name)))).toEqual([])
})

/** What a runtime expression (OpenAPI 3.1, section 4.8.20.4) comes to in the first examples of an operation. */
function evaluate(expression: string, from: Operation, status: number): Json {
  const [, source = '', rest = ''] =
    /^\$(response\.body#|response\.header\.|request\.path\.)(.+)$/.exec(expression) ?? []
  const place = from.path.split('/').indexOf(`{${rest}}`)
  const sources: Readonly<Record<string, () => Json | undefined>> = {
    'response.body#': () => resolve(responseExamples(from, status)[0]?.value, rest),
    'response.header.': () => headerExamples(from, status).find(({ name }) => name === rest)?.example,
    'request.path.': () => exampleRequests(from)[0]?.attempt.path.split(/[/?]/)[place],
  }
  const value = sources[source]?.()
  if (value === undefined) throw new Error(`${expression} is nothing in the example of ${from.operationId}`)
  return value
}

function resolve(value: Json | undefined, pointer: string): Json | undefined {
  const keys = pointer.split('/').slice(1)
  return keys.reduce<Json | undefined>(
    (node, key) => (node === undefined ? undefined : (node as JsonObject)[key]),
    value,
  )
}

function fieldsOf(place: Place): string[] {
  const schema = at(document.root, place)
  const branches = Array.isArray(schema.value['oneOf']) ? schema.value['oneOf'] : []
  const inside = branches.flatMap((_, index) => fieldsOf(at(document.root, schema, 'oneOf', String(index))))
  return [...Object.keys(object(schema.value['properties'] ?? {})), ...inside]
}
