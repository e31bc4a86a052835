import { afterAll, beforeAll, expect, test } from 'vitest'
import { isObject, type Json, object, string } from '../../src/contract/document.ts'
import { problemKinds } from '../../src/http/problem-kinds.ts'
import { ask, type Person, register } from '../support/people.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { document, encodeBody, exampleBody, operations, places, requestExamples, responseExamples } from './document-examples.ts'
import { setStage } from './example-stages.ts'
import { schemaFaults } from './independent-check.ts'
import { callerFor, isSuccess, send, wellFormed } from './operations.ts'
import { OUTSIDE_OPERATIONS } from './outside-operations.ts'

let server: TestServer
let ann: Person

beforeAll(async () => {
  server = await startServer()
  // With the password of the examples, so that those which prove it work as they stand.
  ann = await register(server, { password: string(exampleBody('registerUser')['password']) })
})
afterAll(() => server.stop())

const sendable = operations.flatMap((operation) => {
  return requestExamples(operation).map((example) => ({
    operation,
    example,
    title: `${operation.operationId} ${example.name}`,
    type: example.mediaType,
  }))
})

test.each(sendable)(
  'the example $title ($type) works as it stands and is answered as the document shows',
  async ({ operation, example }) => {
    const caller = await register(server, { password: ann.password })
    await setStage(server, operation.operationId, example.name, caller)
    const attempt = await wellFormed(operation, server, caller)
    const headers = { ...attempt.headers, 'Content-Type': example.mediaType }
    const body = encodeBody(example.mediaType, example.value)
    const answer = await send(server, { ...attempt, headers, body }, `Bearer ${caller.accessToken}`)
    expect(isSuccess(answer), answer.text).toBe(true)
    const shown = responseExamples(operation, answer.status)
    const twin = shown.find(({ name }) => name === example.name)
    expect(shapeOf(answer.text)).toEqual(twin === undefined && shown.length === 0 ? '' : shapeOf(JSON.stringify(twin?.value)))
  },
)

test.each(operations.filter(({ body }) => body === undefined).map((operation) => ({ operation, id: operation.operationId })))(
  '$id, which takes no body, answers as each of its examples shows',
  async ({ operation }) => {
    const caller = await callerFor(operation, server, ann)
    const answer = await send(server, await wellFormed(operation, server, caller), `Bearer ${caller.accessToken}`)
    expect(isSuccess(answer), answer.text).toBe(true)
    const shown = responseExamples(operation, answer.status).map(({ value }) => shapeOf(JSON.stringify(value)))
    expect(new Set([shapeOf(answer.text)])).toEqual(new Set(shown.length === 0 ? [''] : shown))
  },
)

test('every example of the document holds to the schema beside it', () => {
  const faults: string[] = []
  let checked = 0
  const check = (pointer: string, value: Json | undefined): void => {
    checked += 1
    faults.push(...schemaFaults(pointer, value).map((fault) => `${pointer}: ${fault}`))
  }
  for (const { pointer, value } of places()) {
    const { example, examples } = value
    if ('schema' in value) {
      if (example !== undefined) check(`${pointer}/schema`, example)
      if (isObject(examples)) for (const named of Object.values(examples)) check(`${pointer}/schema`, object(named)['value'])
    } else if (Array.isArray(examples)) {
      for (const item of examples) check(pointer, item as Json)
    }
  }
  expect(faults).toEqual([])
  expect(checked).toBeGreaterThan(80)
})

const problems = operations.flatMap((operation) => {
  return [...operation.responses.keys()]
    .filter((status) => status >= 400)
    .flatMap((status) => {
      return responseExamples(operation, status).map(({ name, value }) => ({
        id: operation.operationId,
        status,
        name,
        problem: object(value),
      }))
    })
})
const usedKinds = new Map(problems.map(({ status, problem }) => [string(problem['type']), { status, problem }]))

test.each([...usedKinds])(
  'the example of %s is of a known kind, with its title, its status and a page',
  async (type, { status, problem }) => {
    const kinds: Readonly<Record<string, { status: number; title: string } | undefined>> = problemKinds
    const kind = kinds[type.replace('/problems/', '')]
    expect({ title: problem['title'], status: problem['status'] }).toEqual({ title: kind?.title, status: kind?.status })
    expect(status).toBe(kind?.status)
    const page = await ask(server, 'GET', type)
    expect(page.status).toBe(200)
    expect(page.headers.get('content-type')).toMatch(/^text\/html/)
    expect(page.text).toContain(string(problem['title']))
  },
)

test('every documented failure has an example, and the example has the status it stands under', () => {
  expect(problems.filter(({ status, problem }) => problem['status'] !== status)).toEqual([])
  const bare = operations.flatMap((operation) => {
    return [...operation.responses.keys()].filter((status) => status >= 400 && responseExamples(operation, status).length === 0)
  })
  expect(bare).toEqual([])
})

test('every kind of problem is in the contract, or is answered where there is no operation', () => {
  const documented = [...usedKinds.keys()].map((type) => type.replace('/problems/', ''))
  expect([...documented, ...Object.keys(OUTSIDE_OPERATIONS)].toSorted()).toEqual(Object.keys(problemKinds).toSorted())
})

/** Names and JSON types of a body, without its values; lists by the shapes that occur in them. */
function shapeOf(text: string): unknown {
  const shape = (value: unknown): unknown => {
    if (Array.isArray(value)) return [...new Set(value.map((item) => JSON.stringify(shape(item))))].toSorted()
    if (typeof value !== 'object' || value === null) return Number.isInteger(value) ? 'integer' : value === null ? 'null' : typeof value
    return Object.fromEntries(
      Object.entries(value)
        .map(([name, member]): [string, unknown] => [name, shape(member)])
        .toSorted(([a], [b]) => a.localeCompare(b)),
    )
  }
  return text === '' ? '' : shape(JSON.parse(text))
}

test('the document served is the document on disk, but for the samples of code', async () => {
  const { text } = await ask(server, 'GET', '/openapi.json')
  const bare: unknown = JSON.parse(text, (key, value: unknown) => (key === 'x-codeSamples' ? undefined : value))
  expect(bare).toEqual(document.root)
  expect((await ask(server, 'GET', '/openapi.yaml')).text).toBe(document.text)
})
