import { at, type Json, list, object, type Place, string } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { sampleRequests } from '../../../src/generate/samples/request.ts'
import type { Answer } from '../../support/people.ts'
import { document, encodeBody, requestExamples, responseExamples } from '../harness/document-examples.ts'
import { type Attempt, send } from '../operations.ts'
import { type Comparison, createComparison } from './comparison.ts'
import { meanwhile, stages } from './stages.ts'
import { apiKey, type Story } from './story.ts'

const root = { pointer: '', value: document.root }
const ID = /[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}/g

/** The id that the examples of problems and headers show; each request brings it along. */
export const requestId = string(at(document.root, root, 'components', 'headers', 'X-Request-Id').value['example'])

/** A request as the document shows it: the examples of its path and of its body, and of the parameters that samples of code show. */
export interface ExampleRequest {
  readonly operation: Operation
  /** Of the body; of the answer where the operation takes none. */
  readonly name: string
  readonly mediaType: string | undefined
  readonly attempt: Attempt
}

export function exampleRequests(operation: Operation): ExampleRequest[] {
  const samples = sampleRequests(document.root, operation).map(({ example, method, path, query, headers }) => {
    const pairs = new URLSearchParams(query)
    const attempt = {
      method,
      path: pairs.size === 0 ? path : `${path}?${pairs.toString()}`,
      headers: { ...headers, 'X-Request-Id': requestId },
    }
    return { example, attempt }
  })
  if (operation.body === undefined) {
    const [attempt] = samples.map((sample) => ({ ...sample.attempt, body: undefined }))
    const names = responseExamples(operation, successOf(operation)).map(({ name }) => name)
    if (attempt === undefined) throw new Error(`There is no sample of ${operation.operationId}`)
    return (names.length === 0 ? ['nothing'] : names).map((name) => ({
      operation,
      name,
      mediaType: undefined,
      attempt,
    }))
  }
  return requestExamples(operation).map(({ name, mediaType, value }) => {
    const attempt = samples.find(({ example }) => example === name)?.attempt
    if (attempt === undefined) throw new Error(`There is no sample of ${operation.operationId} ${name}`)
    return { operation, name, mediaType, attempt: withBody({ ...attempt, body: undefined }, mediaType, value) }
  })
}

export function withBody(attempt: Attempt, mediaType: string, value: Json): Attempt {
  return { ...attempt, headers: { ...attempt.headers, 'Content-Type': mediaType }, body: encodeBody(mediaType, value) }
}

export function successOf({ responses }: Operation): number {
  return [...responses.keys()].find((status) => status < 300) ?? 0
}

/** Makes things as they are before a request of the document. */
export async function setScene(
  story: Story,
  { operation, name }: Pick<ExampleRequest, 'operation' | 'name'>,
): Promise<void> {
  await story.reset()
  await (stages[`${operation.operationId} ${name}`] ?? stages[operation.operationId])?.(story)
}

/** The credential that the examples of an operation are asked with; undefined where none is needed. */
export async function bearerFor({ operationId, security }: Operation, story: Story): Promise<string | undefined> {
  if (security.length === 0) return undefined
  // Its example shows what a key may do.
  return `Bearer ${operationId === 'getCredential' ? apiKey : await story.token()}`
}

/** Sends a request from where the story stands, and begins to compare its answer. */
export async function compared(
  story: Story,
  operation: Operation,
  attempt: Attempt,
): Promise<{ answer: Answer; comparison: Comparison }> {
  const known = await story.known()
  const sent = JSON.stringify(attempt).match(ID) ?? []
  const happens = meanwhile[operation.operationId]
  const options = happens === undefined ? {} : { onReady: () => happens(story) }
  const answer = await send(story.server, attempt, await bearerFor(operation, story), options)
  return { answer, comparison: createComparison(known, story.time, sent) }
}

/** The headers of a response that have an example, with whether an answer always has them. */
export function headerExamples(
  operation: Operation,
  status: number,
): { name: string; required: boolean; example: Json }[] {
  const response = at(document.root, root, 'paths', operation.path, operation.method, 'responses', String(status))
  return Object.keys(object(response.value['headers'] ?? {})).flatMap((name) => {
    const { example, required } = at(document.root, response, 'headers', name).value
    return example === undefined ? [] : [{ name, required: required === true, example }]
  })
}

/** A parameter as the document shows it. */
export interface ShownParameter {
  readonly name: string
  readonly in: string
  readonly example: Json
  readonly schema: Place
}

export function parametersOf({ path, method }: Operation): ShownParameter[] {
  const item = at(document.root, root, 'paths', path)
  return [item, at(document.root, item, method)].flatMap((place) =>
    list(place.value['parameters']).map((_, index) => {
      const parameter = at(document.root, place, 'parameters', String(index))
      const { name, in: where, example } = parameter.value
      return {
        name: string(name),
        in: string(where),
        example: example ?? null,
        schema: at(document.root, parameter, 'schema'),
      }
    }),
  )
}

/** The value of a parameter or header as it travels. */
export function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Compares the headers that an answer must have with what the document shows. */
export function compareHeaders(comparison: Comparison, operation: Operation, answer: Answer): void {
  for (const { name, required, example } of headerExamples(operation, answer.status)) {
    if (required) comparison.compare(name, textOf(example), answer.headers.get(name) ?? '')
  }
}
