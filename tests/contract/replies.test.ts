import { beforeEach, describe, expect, test } from 'vitest'
import { parseDocument } from '../../src/contract/document/document.ts'
import { readOperations } from '../../src/contract/document/operations.ts'
import { compileReplyCheck } from '../../src/contract/reply/replies.ts'
import { replySchemas } from '../../src/contract/document/schemas.ts'
import { Problem } from '../../src/http/problem.ts'
import type { OutgoingReply } from '../../src/http/outgoing.ts'
import { useFixture } from '../support/fixtures.ts'
import { type Answer, ask } from '../support/people.ts'
import { exampleBody, operationCalled, operations, responseExamples } from './harness/document-examples.ts'
import { everywhere, type LooseHandler, serveContract } from './harness/served-contract.ts'

const NOTE = '/notes/019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2'
const [{ value: note } = { value: {} }] = responseExamples(operationCalled('getNote'), 200)
const good = note as Record<string, unknown>
const etag = { ETag: '"1"' }
const badRequest = new Problem('malformed-request', 'This is documented.')

/** The next reply of the handlers of both servers. */
let next: LooseHandler = async () => undefined
const ids = operations.map(({ operationId }) => operationId)
const handlers = everywhere(ids, (request, reply) => next(request, reply))
const strict = useFixture(
  () => serveContract({ handlers }),
  (served) => served.stop(),
)
const lenient = useFixture(
  () => serveContract({ handlers, replies: 'log' }),
  (served) => served.stop(),
)
beforeEach(() => {
  strict.complaints.length = 0
  lenient.complaints.length = 0
})

interface Broken {
  readonly title: string
  readonly method?: string
  readonly does: LooseHandler
  /** The status that the lenient server sends. */
  readonly passes: number
}

const broken: readonly Broken[] = [
  { title: 'an undocumented status', does: async (_, reply) => reply(202, good, etag), passes: 202 },
  { title: 'a missing field', does: async (_, reply) => reply(200, { ...good, title: undefined }, etag), passes: 200 },
  { title: 'an extra field', does: async (_, reply) => reply(200, { ...good, password_hash: 'x' }, etag), passes: 200 },
  { title: 'a field that is null', does: async (_, reply) => reply(200, { ...good, title: null }, etag), passes: 200 },
  {
    title: 'a field of another type',
    does: async (_, reply) => reply(200, { ...good, version: '1' }, etag),
    passes: 200,
  },
  {
    title: 'an id in another form',
    does: async (_, reply) => reply(200, { ...good, id: String(good['id']).toUpperCase() }, etag),
    passes: 200,
  },
  {
    title: 'a date that does not exist',
    does: async (_, reply) => reply(200, { ...good, created_at: '2026-02-30T00:00:00Z' }, etag),
    passes: 200,
  },
  { title: 'null for a body', does: async (_, reply) => reply(200, null, etag), passes: 200 },
  { title: 'no body', does: async (_, reply) => reply(200, undefined, etag), passes: 200 },
  { title: 'a missing header', does: async (_, reply) => reply(200, good, {}), passes: 200 },
  { title: 'a header in another form', does: async (_, reply) => reply(200, good, { ETag: 'W/"1"' }), passes: 200 },
  {
    title: 'an undeclared header',
    does: async (_, reply) => reply(200, good, { ...etag, 'X-Secret': 'x' }),
    passes: 200,
  },
  { title: 'a body on a 304', does: async (_, reply) => reply(304, good, etag), passes: 304 },
  { title: 'a body on a 204', method: 'DELETE', does: async (_, reply) => reply(204, good), passes: 204 },
  {
    title: 'a failure of an undocumented status',
    does: async () => {
      throw new Problem('email-taken', 'getNote has no 409.')
    },
    passes: 409,
  },
  {
    title: 'a failure with an undeclared header',
    does: async () => {
      throw new Problem('not-found', 'There is no such note.', { headers: { 'X-Secret': 'x' } })
    },
    passes: 404,
  },
  {
    title: 'a failure without its members',
    does: async () => {
      throw new Problem('validation-failed', 'No errors are listed.')
    },
    passes: 422,
  },
]

describe.each(broken)('$title', ({ method = 'GET', does, passes }) => {
  test('becomes a 500 that reveals nothing, and is logged once with its operation', async () => {
    next = does
    const reply = await ask(strict, method, NOTE)
    expectInternalError(reply)
    expect(strict.complaints).toHaveLength(1)
    const operation = method === 'DELETE' ? 'deleteNote' : 'getNote'
    expect(strict.complaints[0]).toMatchObject({ level: 50, operation, request_id: reply.body['request_id'] })
    expect(JSON.stringify(strict.complaints)).toContain('breaks the contract')
  })

  test('is sent and logged if replies are only logged', async () => {
    next = does
    expect((await ask(lenient, method, NOTE)).status).toBe(passes)
    expect(lenient.complaints.map(({ msg }) => msg)).toEqual(['a reply breaks the contract'])
  })
})

test('replies that match the contract are sent by both servers, and nothing is logged', async () => {
  next = async (_, reply) => reply(200, good, etag)
  expect((await ask(strict, 'GET', NOTE)).body).toEqual(good)
  expect((await ask(lenient, 'GET', NOTE)).body).toEqual(good)
  next = async () => {
    throw badRequest
  }
  expect((await ask(strict, 'GET', NOTE)).body).toMatchObject({ status: 400, detail: badRequest.message })
  expect([...strict.complaints, ...lenient.complaints]).toEqual([])
})

test('a reply that cannot be sent becomes a 500 without any part of it', async () => {
  next = async (_, reply) => reply(200, { ...good, version: 1n }, etag)
  expectInternalError(await ask(strict, 'GET', NOTE))
  const loop: Record<string, unknown> = {}
  loop['self'] = loop
  const unsendable: LooseHandler[] = [
    async (_, reply) => reply(201, loop, { ...etag, Location: '/notes/1' }),
    async (_, reply) => reply(201, good, { ...etag, Location: '/notes/\u2028' }),
  ]
  for (next of unsendable) {
    const reply = await ask(lenient, 'POST', '/notes', { body: exampleBody('createNote') })
    expectInternalError(reply)
    expect(reply.headers.get('location')).toBeNull()
    expect(reply.headers.get('etag')).toBeNull()
  }
})

test('two responses that differ only in a header, or in whether it is required, are checked separately', () => {
  const { root } = parseDocument(`
openapi: 3.1.0
info: { title: Headers, version: 1.0.0 }
paths:
  /a:
    get:
      operationId: a
      security: []
      responses: { '200': { description: A., headers: { A: { required: true, schema: { $ref: '#/X' } } } } }
  /b:
    get:
      operationId: b
      security: []
      responses: { '200': { description: B., headers: { B: { required: true, schema: { $ref: '#/X' } } } } }
  /c:
    get:
      operationId: c
      security: []
      responses: { '200': { description: C., headers: { A: { schema: { $ref: '#/X' } } } } }
X: { type: string }`)
  const { reply: check } = compileReplyCheck(readOperations(root), replySchemas(root))
  expect(check('a', bodiless({ A: 'x' }))).toEqual([])
  expect(check('b', bodiless({ B: 'x' }))).toEqual([])
  expect(check('c', bodiless({}))).toEqual([])
  expect(check('b', bodiless({ A: 'x' }))).toEqual(['b 200: lacks the header B', 'b 200: header A is not documented'])
})

test.each([undefined, null, 'text', 'router', 7])('a handler that throws %s is a 500', async (thrown) => {
  next = () => Promise.reject(thrown)
  expectInternalError(await ask(strict, 'GET', NOTE))
})

test('a handler that returns nothing is a 500', async () => {
  next = async () => undefined
  expectInternalError(await ask(strict, 'GET', NOTE))
})

function expectInternalError(reply: Answer): void {
  expect(reply.status).toBe(500)
  expect(reply.headers.get('content-type')).toBe('application/problem+json')
  expect(Object.keys(reply.body)).toEqual(['type', 'title', 'status', 'detail', 'instance', 'request_id'])
  expect(reply.body['detail']).toBe('Something went wrong on the server. Quote the request id when you report it.')
}

function bodiless(headers: Record<string, string>): OutgoingReply {
  return { status: 200, headers, content: undefined }
}
