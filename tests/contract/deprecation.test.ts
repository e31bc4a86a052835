import { describe, expect, test } from 'vitest'
import { parseDocument } from '../../src/contract/document/document.ts'
import { readOperations } from '../../src/contract/document/operations.ts'
import { compileReplyCheck } from '../../src/contract/reply/replies.ts'
import { replySchemas } from '../../src/contract/document/schemas.ts'
import { Problem } from '../../src/http/problem.ts'
import { useFixture } from '../support/fixtures.ts'
import { ask } from '../support/people.ts'
import { independentCheck } from './harness/independent-check.ts'
import { everywhere, serveContract } from './harness/served-contract.ts'

const LIFETIME = "deprecated: true, x-deprecated-since: '2026-11-22', x-sunset: '2027-06-30'"

function documentWith(members: string) {
  return parseDocument(`
openapi: 3.1.0
info: { title: Small, version: 1.0.0 }
paths:
  /old:
    get:
      ${members.split(', ').join('\n      ')}
      operationId: getOld
      security: []
      parameters: [{ name: fail, in: query, schema: { type: boolean } }]
      responses: &responses
        '200': { description: Read., headers: &headers { X-Request-Id: { required: true, schema: { type: string } } } }
        '409':
          description: No.
          headers: *headers
          content: &problem { application/problem+json: { schema: { type: object } } }
        '422': { description: Invalid., headers: *headers, content: *problem }
  /new:
    get: { operationId: getNew, security: [], responses: *responses }
`)
}

const document = documentWith(LIFETIME)
const [old, current] = readOperations(document.root)
const dates = { Deprecation: '@1795305600', Sunset: 'Wed, 30 Jun 2027 00:00:00 GMT' }

const handlers = everywhere(['getOld', 'getNew'], async ({ query }, reply) => {
  if (query['fail'] === true) throw new Problem('email-taken', 'As documented.')
  return reply(200)
})
const server = useFixture(
  () => serveContract({ document, handlers }),
  (served) => served.stop(),
)

describe('a deprecated operation', () => {
  test.each([
    ['/old', 200],
    ['/old?fail=true', 409],
    ['/old?fail=perhaps', 422],
  ])('%s states in its %i since when it is deprecated and when it may be removed', async (path, status) => {
    const reply = await ask(server, 'GET', path)
    expect(reply.status).toBe(status)
    expect(reply.headers.get('deprecation')).toBe(dates.Deprecation)
    expect(reply.headers.get('sunset')).toBe(dates.Sunset)
    expect(server.complaints).toEqual([])
  })

  test('states the dates in the forms of RFC 9745 and RFC 8594', () => {
    expect(new Date(Number(dates.Deprecation.slice(1)) * 1000).toISOString()).toBe('2026-11-22T00:00:00.000Z')
    expect(new Date(dates.Sunset).toISOString()).toBe('2027-06-30T00:00:00.000Z')
  })

  test('changes no other operation and no other method', async () => {
    for (const [method, path] of [
      ['GET', '/new'],
      ['GET', '/nothing'],
      ['POST', '/old'],
    ] as const) {
      const { headers } = await ask(server, method, path)
      expect([headers.get('deprecation'), headers.get('sunset')]).toEqual([null, null])
    }
  })

  test.each([
    ['lacks one of them', 'getOld', { Deprecation: dates.Deprecation }, 'lacks the Sunset of its operation'],
    [
      'names another day',
      'getOld',
      { ...dates, Sunset: 'Thu, 01 Jul 2027 00:00:00 GMT' },
      'lacks the Sunset of its operation',
    ],
    ['has them although nothing is deprecated', 'getNew', dates, 'header Deprecation is not documented'],
  ])('may not send a reply that %s', (_, operationId, headers, violation) => {
    const { reply: check } = compileReplyCheck(readOperations(document.root), replySchemas(document.root))
    const reply = { status: 200, content: undefined }
    expect(check(operationId, { ...reply, headers: { ...headers, 'X-Request-Id': 'a' } }).join()).toContain(violation)
    expect(check('getOld', { ...reply, headers: { ...dates, 'X-Request-Id': 'a' } })).toEqual([])
  })

  test('must send the dates of the document, by the independent check too', async () => {
    if (old === undefined || current === undefined) throw new Error('The document has two operations')
    const { answerFaults } = independentCheck(document.root)
    const [dated, plain] = [await ask(server, 'GET', '/old'), await ask(server, 'GET', '/new')]
    expect(answerFaults(old, dated)).toEqual([])
    expect(answerFaults(old, plain)).toEqual([
      'getOld 200: lacks the right Deprecation',
      'getOld 200: lacks the right Sunset',
    ])
    expect(answerFaults(current, dated).join()).toContain('undocumented header deprecation')
  })
})

describe('the server does not start', () => {
  test.each([
    ['deprecated: true', 'x-deprecated-since must give the date'],
    ["deprecated: true, x-deprecated-since: '2026-11-22'", 'x-sunset must give the date'],
    [
      "deprecated: true, x-deprecated-since: '22.11.2026', x-sunset: '2027-06-30'",
      'x-deprecated-since must give the date',
    ],
    ["deprecated: true, x-deprecated-since: '2026-11-22', x-sunset: '2027-02-30'", 'x-sunset must give the date'],
    ["deprecated: true, x-deprecated-since: '2026-11-22', x-sunset: '2027-05-21'", 'must remain for 6 months'],
    ["x-sunset: '2027-06-30'", 'is not deprecated'],
  ])('with an operation that states only %s', (members, violation) => {
    expect(() => readOperations(documentWith(members).root)).toThrow(violation)
  })
})
