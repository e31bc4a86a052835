import { describe, expect, test } from 'vitest'
import type { Caller } from '../../src/contract/types.ts'
import { Problem, unavailable } from '../../src/http/problem.ts'
import { useFixture } from '../support/fixtures.ts'
import { type Answer, ask } from '../support/people.ts'
import { everywhere, serveContract, somebody } from './harness/served-contract.ts'
import { operations } from './harness/document-examples.ts'
import { streamTooMuch } from './harness/partial-requests.ts'

const NOTE = '/notes/019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2'
const LIMIT = 2 * 1024 * 1024

/** What the handlers were called for, which no refused request may reach. */
const reached: string[] = []

const notEvenAnError: unknown = undefined

/** By the word in the Authorization header: who comes, or why nobody does. */
const arrivals: Readonly<Record<string, () => Promise<never>>> = {
  nobody: async () => {
    throw new Problem('unauthorized', 'Nobody.', { headers: { 'WWW-Authenticate': 'Bearer' } })
  },
  outage: async () => {
    throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  },
  busy: async () => {
    throw unavailable('Too many are logging in.')
  },
  fault: async () => {
    throw new TypeError('A fault of ours.')
  },
  nothing: () => Promise.reject(notEvenAnError),
}

const ids = operations.map(({ operationId }) => operationId)
const handlers = everywhere(ids, async (request, reply) => {
  reached.push(JSON.stringify(request))
  return reply(204)
})
const authenticate = async (authorization = 'nobody'): Promise<Caller> => {
  await arrivals[authorization]?.()
  return authorization === 'reader' ? { ...somebody, scopes: ['notes:read'] } : somebody
}
const server = useFixture(
  () => serveContract({ handlers, replies: 'off', authenticate }),
  (served) => served.stop(),
)

/** A request with one fault for each stage, mended from the first to the last. */
const stages: readonly {
  readonly status: number
  readonly fault: string
  readonly mend: Readonly<Record<string, string>>
}[] = [
  { status: 404, fault: 'an unknown address', mend: { path: NOTE } },
  { status: 405, fault: 'another method', mend: { method: 'PUT' } },
  { status: 401, fault: 'no credential', mend: { Authorization: 'reader' } },
  { status: 403, fault: 'a missing scope', mend: { Authorization: 'writer' } },
  { status: 406, fault: 'an Accept that nothing meets', mend: { Accept: 'application/json' } },
  { status: 415, fault: 'a compressed body', mend: { 'Content-Encoding': 'identity' } },
  { status: 415, fault: 'another media type', mend: { 'Content-Type': 'application/json' } },
  { status: 400, fault: 'a broken percent-escape', mend: { query: '?colour=1' } },
  { status: 400, fault: 'broken JSON', mend: { body: '{"colour":1}' } },
  { status: 422, fault: 'an unknown field and an unknown parameter', mend: { body: '{"title":"x"}', query: '' } },
]
const faulty = {
  path: '/nowhere',
  method: 'POST',
  query: '?limit=%zz',
  body: '{',
  Accept: 'text/x-nothing',
  'Content-Type': 'text/plain',
  'Content-Encoding': 'gzip',
}

test.each(stages.map((stage, index) => ({ ...stage, index })))(
  '$fault is seen before what comes after it: $status',
  async ({ status, index }) => {
    reached.length = 0
    const refused = await sendMended(index)
    expect(refused.status).toBe(status)
    expect(refused.body['status']).toBe(status)
    expect(reached).toEqual([])
  },
)

test('mended everywhere, the request reaches its handler', async () => {
  reached.length = 0
  expect((await sendMended(stages.length)).status).toBe(204)
  expect(reached).toHaveLength(1)
})

test('a body that is too large is refused before its media type and before its syntax', async () => {
  const headers = { Authorization: 'writer', 'Content-Type': 'text/plain' }
  expect(
    (await streamTooMuch(server.url, { method: 'PUT', path: `${NOTE}?%zz`, body: undefined, headers }, LIMIT)).status,
  ).toBe(413)
  const nobody = { method: 'PUT', path: NOTE, body: undefined, headers: { Authorization: 'nobody' } }
  expect((await streamTooMuch(server.url, nobody, LIMIT)).status).toBe(401)
})

test('faults of one stage are told together, wherever in the request they are', async () => {
  const refused = await sendMended(stages.length - 1)
  expect((refused.body['errors'] as { loc: string[] }[]).map(({ loc }) => loc)).toEqual([
    ['query', 'colour'],
    ['body', 'colour'],
  ])
})

describe('authentication that fails by no fault of the caller', () => {
  const guarded = operations
    .filter(({ security }) => security.length > 0)
    .map(({ method, path }) => ({ method: method.toUpperCase(), path }))

  test.each(guarded)('$method $path is 503 while the database is away, never 401', async ({ method, path }) => {
    reached.length = 0
    for (const Authorization of ['outage', 'busy']) {
      const answer = await ask(server, method, path.replace(/\{[^}]+\}/, 'x'), { headers: { Authorization } })
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('2')
      expect(answer.headers.get('www-authenticate')).toBeNull()
    }
    expect(reached).toEqual([])
  })

  test.each(['fault', 'nothing'])('a %s of ours is a 500, and nobody gets in', async (Authorization) => {
    reached.length = 0
    expect((await ask(server, 'GET', NOTE, { headers: { Authorization } })).status).toBe(500)
    expect(reached).toEqual([])
  })
})

describe('Accept', () => {
  test.each([
    'application/json',
    'application/*',
    '*/*',
    'text/html, */*;q=0.1',
    'application/json;q=0.5',
    'APPLICATION/JSON',
  ])('%s suits every operation', async (Accept) => {
    for (const method of ['GET', 'DELETE']) {
      expect((await ask(server, method, NOTE, { headers: { Accept, Authorization: 'writer' } })).status, method).toBe(
        204,
      )
    }
  })

  test.each(['text/html', 'application/json;q=0', 'application/xml, text/*', 'application/jsonx'])(
    '%s suits none',
    async (Accept) => {
      for (const method of ['GET', 'DELETE']) {
        expect((await ask(server, method, NOTE, { headers: { Accept, Authorization: 'writer' } })).status, method).toBe(
          406,
        )
      }
    },
  )
})

function sendMended(count: number): Promise<Answer> {
  const parts: Record<string, string> = { ...faulty }
  for (const { mend } of stages.slice(0, count)) Object.assign(parts, mend)
  const { path = '', method = '', query = '', body = '', ...headers } = parts
  return ask(server, method, `${path}${query}`, { body, headers })
}
