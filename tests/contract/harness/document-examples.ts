import {
  at,
  type ContractDocument,
  isObject,
  type Json,
  type JsonObject,
  loadDocument,
  object,
  type Place,
} from '../../../src/contract/document/document.ts'
import { type Operation, readOperations } from '../../../src/contract/document/operations.ts'
import type { OperationId } from '../../../src/contract/types.ts'

export const document = loadDocument()
export const operations: readonly Operation[] = readOperations(document.root)

/** A named example of a request or response body, with its media type. */
export interface BodyExample {
  readonly name: string
  readonly mediaType: string
  readonly value: Json
}

export function operationCalled(operationId: OperationId): Operation {
  const operation = operations.find((candidate) => candidate.operationId === operationId)
  if (operation === undefined) throw new Error(`The document has no ${operationId}`)
  return operation
}

/** The contract with another timeout for an operation. */
export function withTimeout(operationId: OperationId, seconds: number): ContractDocument {
  const { path, method } = operationCalled(operationId)
  const paths = object(document.root['paths'])
  const item = object(paths[path])
  const operation = { ...object(item[method]), 'x-timeout-seconds': seconds }
  return { ...document, root: { ...document.root, paths: { ...paths, [path]: { ...item, [method]: operation } } } }
}

export function requestExamples(operation: Operation): BodyExample[] {
  const place = placeOf(operation)
  return 'requestBody' in place.value ? examplesOf(at(document.root, place, 'requestBody')) : []
}

export function responseExamples(operation: Operation, status: number): BodyExample[] {
  return examplesOf(at(document.root, placeOf(operation), 'responses', String(status)))
}

/** The first request example of an operation, from which `prepare` starts. */
export function exampleBody(operationId: OperationId): JsonObject {
  const [example] = requestExamples(operationCalled(operationId))
  return object(example?.value, `the request example of ${operationId}`)
}

/** Encodes a body: forms for OAuth, JSON for the rest. */
export function encodeBody(mediaType: string, value: Json): string {
  if (mediaType !== 'application/x-www-form-urlencoded') return JSON.stringify(value)
  const pairs = Object.entries(object(value)).map(([name, member]): [string, string] => [
    name,
    typeof member === 'string' ? member : JSON.stringify(member),
  ])
  return new URLSearchParams(pairs).toString()
}

/** Every object of the document with its pointer, except those in examples. */
export function* places(value: Json = document.root, pointer = ''): Generator<Place> {
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* places(item as Json, `${pointer}/${index}`)
  } else if (isObject(value)) {
    yield { pointer, value }
    for (const [key, member] of Object.entries(value)) {
      if (key === 'example' || key === 'examples') continue
      yield* places(member, `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`)
    }
  }
}

function placeOf({ path, method }: Operation): Place {
  return at(document.root, { pointer: '', value: document.root }, 'paths', path, method)
}

function examplesOf(place: Place): BodyExample[] {
  return Object.entries(object(place.value['content'] ?? {})).flatMap(([mediaType, content]) => {
    const named = Object.entries(object(object(content)['examples'] ?? {}))
    return named.map(([name, example]) => ({ name, mediaType, value: object(example)['value'] ?? null }))
  })
}
