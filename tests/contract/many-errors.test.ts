import { expect, test } from 'vitest'
import { compileContract } from '../../src/contract/compile.ts'
import type { IncomingRequest } from '../../src/contract/request/incoming.ts'
import { Problem } from '../../src/http/problem.ts'
import { document, operationCalled } from './harness/document-examples.ts'
import { testCaller } from './harness/served-contract.ts'

const { readRequest } = compileContract(document.root)

/** Reads a body and returns the milliseconds of processor time, and the errors. */
function read(operationId: Parameters<typeof operationCalled>[0], body: unknown, params: Record<string, string> = {}) {
  const bytes = Buffer.from(JSON.stringify(body))
  const incoming: IncomingRequest = {
    method: 'POST',
    path: '/',
    query: '',
    headers: { 'content-type': 'application/json' },
    body: async (_, use) => use(bytes),
    accepts: () => true,
    client: { address: '127.0.0.1', userAgent: undefined },
    caller: testCaller,
    exchange: { requestId: 'a', startedAt: 0 },
    abort: new AbortController(),
  }
  const before = process.cpuUsage()
  let problem: unknown
  try {
    readRequest(operationCalled(operationId), incoming, { encodedParams: params, body: bytes }, String)
  } catch (error) {
    problem = error
  }
  const { user, system } = process.cpuUsage(before)
  expect(problem).toBeInstanceOf(Problem)
  return { ms: (user + system) / 1_000, problem: problem as Problem }
}

const note = { note_id: '019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2' }
const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, i) => make(i))

/** A body may have 10 000 values. While the server reads one, it serves no other request. */
test.each([
  ['edits', 'editNote', (count: number) => ({ edits: times(count, () => ({})) }), note],
  ['actions', 'changeNotes', (count: number) => ({ actions: times(count, () => ({})) }), {}],
  ['scopes', 'createApiKey', (count: number) => ({ name: 'a', scopes: times(count, (i) => `scope-${i}`) }), {}],
  ['tags', 'createNote', (count: number) => ({ title: 'a', content: 'a', tags: times(count, (i) => `tag-${i}`) }), {}],
] as const)('the time to refuse many %s grows no faster than their number', (_, operationId, body, params) => {
  const few = Math.min(...times(5, () => read(operationId, body(990), params).ms))
  const many = Math.min(...times(3, () => read(operationId, body(9_900), params).ms))
  // Ten times as many; a hundred times the time would be the square.
  expect(many).toBeLessThan(40 * Math.max(few, 1))
})
