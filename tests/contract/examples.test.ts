import { expect, test } from 'vitest'
import { isObject, type Json, object, string } from '../../src/contract/document/document.ts'
import { problemKinds } from '../../src/http/problem-kinds.ts'
import { useServer } from '../support/fixtures.ts'
import { ask } from '../support/people.ts'
import { document, operations, places, responseExamples } from './harness/document-examples.ts'
import { schemaFaults } from './harness/independent-check.ts'
import { OUTSIDE_OPERATIONS } from './harness/outside-operations.ts'

const server = useServer()

test('every example of the document matches its schema', () => {
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
      if (isObject(examples))
        for (const named of Object.values(examples)) check(`${pointer}/schema`, object(named)['value'])
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
  'the example of %s has a known type, with its title, its status and a page',
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

test('every documented failure has an example with its status', () => {
  expect(problems.filter(({ status, problem }) => problem['status'] !== status)).toEqual([])
  const bare = operations.flatMap((operation) => {
    return [...operation.responses.keys()].filter(
      (status) => status >= 400 && responseExamples(operation, status).length === 0,
    )
  })
  expect(bare).toEqual([])
})

test('every kind of problem is in the contract, or is sent outside of operations', () => {
  const documented = [...usedKinds.keys()].map((type) => type.replace('/problems/', ''))
  expect([...documented, ...Object.keys(OUTSIDE_OPERATIONS)].toSorted()).toEqual(Object.keys(problemKinds).toSorted())
})

test('the served document is the document on disk, plus the code samples', async () => {
  const { text } = await ask(server, 'GET', '/openapi.json')
  const bare: unknown = JSON.parse(text, (key, value: unknown) => (key === 'x-codeSamples' ? undefined : value))
  expect(bare).toEqual(document.root)
  expect((await ask(server, 'GET', '/openapi.yaml')).text).toBe(document.text)
})
