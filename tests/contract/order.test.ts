import { describe, expect, test } from 'vitest'
import type { Caller } from '../../src/contract/types.ts'
import { Problem, unavailable } from '../../src/http/problem.ts'
import { useFixture } from '../support/fixtures.ts'
import { type Answer, ask } from '../support/people.ts'
import { everywhere, serveContract, testCaller } from './harness/served-contract.ts'
import { operations } from './harness/document-examples.ts'
import { streamTooMuch } from './harness/partial-requests.ts'

const NOTE = '/notes/019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2'
const LIMIT = 13 * 1024 * 1024

/** The operations whose handlers were called. A refused request must reach none. */
const reached: string[] = []

const notEvenAnError: unknown = undefined

/** By the word in the Authorization header: how authentication fails. */
const arrivals: Readonly<Record<string, () => Promise<never>>> = {
  unknown: async () => {
    throw new Problem('unauthorized', 'Unknown.', { headers: { 'WWW-Authenticate': 'Bearer' } })
  },
  outage: async () => {
    throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  },
  busy: async () => {
    throw unavailable('Too many are logging in.')
  },
  bug: async () => {
    throw new TypeError('A bug of ours.')
  },
  nothing: () => Promise.reject(notEvenAnError),
}

const ids = operations.map(({ operationId }) => operationId)
const handlers = everywhere(ids, async (request, reply) => {
  reached.push(JSON.stringify(request))
  return reply(204)
})
const authenticate = async (authorization = 'unknown'): Promise<Caller> => {
  await arrivals[authorization]?.()
  return authorization === 'reader' ? { ...testCaller, scopes: ['notes:read'] } : testCaller
}
const server = useFixture(
  () => serveContract({ handlers, replies: 'off', authenticate }),
  (served) => served.stop(),
)

/** A request with one error for each stage. The test fixes them one after the other. */
const stages: readonly {
  readonly status: number
  readonly error: string
  readonly fix: Readonly<Record<string, string>>
}[] = [
  { status: 404, error: 'an unknown address', fix: { path: NOTE } },
  { status: 405, error: 'another method', fix: { method: 'PUT' } },
  { status: 401, error: 'no credential', fix: { Authorization: 'reader' } },
  { status: 403, error: 'a missing scope', fix: { Authorization: 'writer' } },
  { status: 406, error: 'an Accept that nothing meets', fix: { Accept: 'application/json' } },
  { status: 415, error: 'a compressed body', fix: { 'Content-Encoding': 'identity' } },
  { status: 415, error: 'another media type', fix: { 'Content-Type': 'application/json' } },
  { status: 400, error: 'a broken percent-escape', fix: { query: '?colour=1' } },
  { status: 400, error: 'broken JSON', fix: { body: '{"colour":1}' } },
  { status: 422, error: 'an unknown field and an unknown parameter', fix: { body: '{"title":"x"}', query: '' } },
]
const wrong = {
  path: '/nowhere',
  method: 'POST',
  query: '?limit=%zz',
  body: '{',
  Accept: 'text/x-nothing',
  'Content-Type': 'text/plain',
  'Content-Encoding': 'gzip',
}

test.each(stages.map((stage, index) => ({ ...stage, index })))(
  '$error is reported before all later ones: $status',
  async ({ status, index }) => {
    reached.length = 0
    const refused = await sendFixed(index)
    expect(refused.status).toBe(status)
    expect(refused.body['status']).toBe(status)
    expect(reached).toEqual([])
  },
)

test('with all errors fixed, the request reaches its handler', async () => {
  reached.length = 0
  expect((await sendFixed(stages.length)).status).toBe(204)
  expect(reached).toHaveLength(1)
})

test('a too large body is refused before its media type and its syntax are checked', async () => {
  const headers = { Authorization: 'writer', 'Content-Type': 'text/plain' }
  expect(
    (await streamTooMuch(server.url, { method: 'PUT', path: `${NOTE}?%zz`, body: undefined, headers }, LIMIT)).status,
  ).toBe(413)
  const unknown = { method: 'PUT', path: NOTE, body: undefined, headers: { Authorization: 'unknown' } }
  expect((await streamTooMuch(server.url, unknown, LIMIT)).status).toBe(401)
})

test('errors of one stage are reported together, wherever in the request they are', async () => {
  const refused = await sendFixed(stages.length - 1)
  expect((refused.body['errors'] as { loc: string[] }[]).map(({ loc }) => loc)).toEqual([
    ['query', 'colour'],
    ['body', 'colour'],
  ])
})

describe('authentication that fails through no mistake of the caller', () => {
  const guarded = operations
    .filter(({ security }) => security.length > 0)
    .map(({ method, path }) => ({ method: method.toUpperCase(), path }))

  test.each(guarded)('$method $path is 503 while the database is away, never 401', async ({ method, path }) => {
    reached.length = 0
    for (const Authorization of ['outage', 'busy']) {
      const reply = await ask(server, method, path.replace(/\{[^}]+\}/, 'x'), { headers: { Authorization } })
      expect(reply.status).toBe(503)
      expect(reply.headers.get('retry-after')).toBe('2')
      expect(reply.headers.get('www-authenticate')).toBeNull()
    }
    expect(reached).toEqual([])
  })

  test.each(['bug', 'nothing'])(
    'a %s thrown by authentication is a 500, and no handler is reached',
    async (Authorization) => {
      reached.length = 0
      expect((await ask(server, 'GET', NOTE, { headers: { Authorization } })).status).toBe(500)
      expect(reached).toEqual([])
    },
  )
})

describe('Accept', () => {
  test.each([
    'application/json',
    'application/*',
    '*/*',
    'text/html, */*;q=0.1',
    'application/json;q=0.5',
    'APPLICATION/JSON',
  ])('%s is accepted by every operation', async (Accept) => {
    for (const method of ['GET', 'DELETE']) {
      expect((await ask(server, method, NOTE, { headers: { Accept, Authorization: 'writer' } })).status, method).toBe(
        204,
      )
    }
  })

  test.each(['text/html', 'application/json;q=0', 'application/xml, text/*', 'application/jsonx'])(
    '%s is accepted by none',
    async (Accept) => {
      for (const method of ['GET', 'DELETE']) {
        expect((await ask(server, method, NOTE, { headers: { Accept, Authorization: 'writer' } })).status, method).toBe(
          406,
        )
      }
    },
  )
})

function sendFixed(count: number): Promise<Answer> {
  const parts: Record<string, string> = { ...wrong }
  for (const { fix } of stages.slice(0, count)) Object.assign(parts, fix)
  const { path = '', method = '', query = '', body = '', ...headers } = parts
  return ask(server, method, `${path}${query}`, { body, headers })
}
