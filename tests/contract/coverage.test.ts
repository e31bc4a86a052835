import { decodeJwt } from 'jose'
import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { scopes as allScopes } from '../../generated/security.ts'
import type { Operation } from '../../src/contract/document/operations.ts'
import type { Handlers } from '../../src/contract/types.ts'
import { renewEpoch } from '../../src/changes/core/epoch.ts'
import { createDatabase } from '../../src/db/database.ts'
import { unavailable } from '../../src/http/problem.ts'
import { useFixture, useServer } from '../support/fixtures.ts'
import { holdLocks } from '../support/locks.ts'
import { endBlocks, holdBlocks } from '../support/login-blocks.ts'
import { openStream } from '../support/event-stream.ts'
import { type Answer, ask, enrol, register, userIdOf } from '../support/people.ts'
import { encodeBody, operations, requestExamples, responseExamples } from './harness/document-examples.ts'
import { forge } from './harness/forged-tokens.ts'
import { answerFaults } from './harness/independent-check.ts'
import { type Attempt, callerFor, send, wellFormed, withUnknownIds } from './operations.ts'
import { announceTooMuch, streamTooMuch, withHeaders } from './harness/partial-requests.ts'

/** `operation status` that no request here can cause, and why. This list may only shrink. */
const UNREACHED: Readonly<Record<string, string>> = {}

// Port 1 of the loopback address: nothing listens there.
const connection = { host: '127.0.0.1', port: 1, user: 'nobody', database: 'nothing' }
const noDatabase = createDatabase({ connection, poolSize: 2, onIdleError: () => undefined })
afterAll(() => noDatabase.destroy())

const server = useServer()
const throwing = useServer(() => ({ name: 'coverage', override: throwEverywhere, db: server.db }))
const busy = useServer(() => ({ name: 'coverage', override: refuseEverywhere, db: server.db }))
const cutOff = useServer({ db: noDatabase })
const limited = useServer(() => ({ db: server.db, userQuota: 1, addressQuota: 1 }))
const closed = useServer(() => ({ db: server.db, registration: 'closed' }))
const ann = useFixture(() => register(server))
const bob = useFixture(() => register(server))

interface Provocation {
  readonly operation: Operation
  /** A request that would succeed. */
  readonly attempt: Attempt
  readonly bearer: string
}

/** Requests to make of every operation. Each returns the replies, whatever their status. */
const provocations: Readonly<Record<string, (given: Provocation) => Promise<readonly Answer[]>>> = {
  'a request that succeeds, and the same again': async ({ attempt, bearer }) => [
    await send(server, attempt, bearer),
    await send(server, attempt, bearer),
  ],
  'each example of the document, for an account without its resources': ({ operation, attempt, bearer }) => {
    const examples = requestExamples(operation)
    return Promise.all(
      examples.map(({ mediaType, value }) => {
        const example = { ...withHeaders(attempt, { 'Content-Type': mediaType }), body: encodeBody(mediaType, value) }
        return send(server, example, bearer)
      }),
    )
  },
  'the version that the caller has': ({ attempt, bearer }) =>
    one(send(server, withHeaders(attempt, { 'If-None-Match': '*' }), bearer)),
  'a version that is not current': ({ attempt, bearer }) =>
    one(send(server, withHeaders(attempt, { 'If-Match': '"999"' }), bearer)),
  'a broken percent-escape': ({ attempt, bearer }) =>
    one(send(server, { ...attempt, path: `${attempt.path}?%zz` }, bearer)),
  'an unknown query parameter': ({ attempt, bearer }) =>
    one(send(server, { ...attempt, path: `${attempt.path}?unknown=1` }, bearer)),
  'no credential': ({ attempt }) => one(send(server, attempt, undefined)),
  'a credential without the scopes': async ({ operation, attempt, bearer }) => {
    const needed = new Set(operation.security.flatMap((requirement) => Object.values(requirement).flat()))
    const others = allScopes.filter((scope) => !needed.has(scope))
    const token = await forge(bearer.replace('Bearer ', ''), { claims: { scope: others.join(' ') } })
    return one(send(server, attempt, `Bearer ${token}`))
  },
  'unknown ids': async ({ operation, attempt, bearer }) => {
    const unknown = withUnknownIds(operation, attempt)
    return unknown === undefined ? [] : one(send(server, unknown, bearer))
  },
  'a media type that no operation has': ({ attempt, bearer }) =>
    one(send(server, withHeaders(attempt, { Accept: 'text/x-nothing' }), bearer)),
  'bodies that the contract refuses': async ({ operation, attempt, bearer }) => {
    if (operation.body === undefined) return []
    const [mediaType] = operation.body.content.keys()
    const changes = [
      { 'Content-Type': 'text/plain' },
      { 'Content-Type': `${mediaType}; charset=latin1` },
      { 'Content-Encoding': 'gzip' },
    ]
    const replies = await Promise.all(changes.map((change) => send(server, withHeaders(attempt, change), bearer)))
    expect(replies.map(({ status }) => status)).toEqual([415, 415, 415])
    return replies
  },
  'bodies that are too large': async ({ operation, attempt, bearer }) => {
    if (operation.body === undefined) return []
    const mine = withHeaders(attempt, { Authorization: bearer })
    const { maxBytes } = operation.body
    const replies = [await announceTooMuch(server.url, mine, maxBytes), await streamTooMuch(server.url, mine, maxBytes)]
    expect(replies.map(({ status }) => status)).toEqual([413, 413])
    return replies
  },
  'a change of the same place, with a merge': async ({ operation, attempt, bearer }) => {
    if (!operation.parameters.some(({ name }) => name === 'on_conflict')) return []
    await ann.ask('PUT', attempt.path, { body: { content: 'Theirs' } })
    const merging = { ...attempt, path: `${attempt.path}?on_conflict=merge`, body: JSON.stringify({ content: 'Mine' }) }
    const reply = await send(server, withHeaders(merging, { 'If-Match': '"1"' }), bearer)
    expect(reply.status).toBe(409)
    return [reply]
  },
  'a key whose first request is still under way': async ({ operation, attempt, bearer }) => {
    if (!operation.parameters.some(({ name }) => name === 'Idempotency-Key')) return []
    const lock = JSON.stringify([userIdOf(ann), operation.operationId, 'under-way'])
    await using _ = await holdLocks(server.db, (first) =>
      sql`select pg_advisory_xact_lock(hashtextextended(${lock}, 0))`.execute(first),
    )
    const reply = await send(server, withHeaders(attempt, { 'Idempotency-Key': 'under-way' }), bearer)
    expect(reply.status).toBe(409)
    return [reply]
  },
  'a handler that throws': async ({ attempt, bearer }) => {
    const reply = await send(throwing, attempt, bearer)
    expect(reply.status).toBe(500)
    expect(reply.text).not.toContain('hunter2')
    return [reply]
  },
  'a handler that is too busy': async ({ operation, attempt, bearer }) => {
    if (!operation.responses.has(503) || operation.operationId === 'getHealth') return []
    const reply = await send(busy, attempt, bearer)
    expect(reply.status).toBe(503)
    expect(reply.headers.has('ratelimit')).toBe(true)
    return [reply]
  },
  'a server that is closed for registration': ({ attempt, bearer }) => one(send(closed, attempt, bearer)),
  'an e-mail that is taken': ({ attempt, bearer }) =>
    one(send(server, withFields(attempt, { email: bob.email.toUpperCase() }), bearer)),
  'too many wrong passwords': async ({ operation, attempt }) => {
    if (exampleNames(operation, 429).every((name) => name !== 'tooManyAttempts')) return []
    const victim = await enrol(server)
    const wrong = withFields(attempt, { username: victim.email, password: 'wrong', current_password: 'wrong' })
    const guess = (): Promise<Answer> => send(server, wrong, `Bearer ${victim.accessToken}`)
    const replies = []
    for (let count = 0; count < 5; count += 1) replies.push(await guess())
    await holdBlocks(server.db)
    replies.push(await guess())
    await endBlocks(server.db)
    return replies
  },
  'more requests than there may be': async ({ attempt, bearer }) => {
    const refused = { ...attempt, path: `${attempt.path}?unknown=1` }
    for (let count = 0; count < 1_000; count += 1) {
      const reply = await send(limited, refused, bearer)
      if (reply.status === 429) return [reply]
    }
    return []
  },
  'too many API keys': async ({ operation, attempt, bearer }) => {
    if (operation.operationId !== 'createApiKey') return []
    await send(server, attempt, bearer)
    await sql`insert into api_keys (id, user_id, name, key_hash, hint, scope, expires_at)
      select gen_random_uuid(), user_id, name, decode(md5(n::text || user_id), 'hex'), hint, scope, expires_at
      from api_keys, generate_series(1, 50) n where user_id = ${subject(bearer)}`.execute(server.db)
    return one(send(server, attempt, bearer))
  },
  'a cursor from before the database was restored': async ({ operation, attempt, bearer }) => {
    if (!operation.responses.has(410)) return []
    const { body } = await ask(server, 'GET', '/changes', { headers: { Authorization: bearer } })
    await renewEpoch(server.db)
    return one(send(server, { ...attempt, path: `${attempt.path}?cursor=${String(body['cursor'])}` }, bearer))
  },
  'more streams than there may be': async ({ operation, attempt, bearer }) => {
    if (operation.operationId !== 'streamChanges') return []
    await using stack = new AsyncDisposableStack()
    const url = `${server.url}${attempt.path}`
    for (let count = 0; count < 10; count += 1) stack.use(await openStream(url, { Authorization: bearer }))
    return [await send(server, attempt, bearer)]
  },
  'a database that is away': ({ attempt, bearer }) => one(send(cutOff, attempt, bearer)),
}

function exampleNames(operation: Operation, status: number): string[] {
  return responseExamples(operation, status).map(({ name }) => name)
}

test.each(operations.map((operation) => ({ operation, id: operation.operationId })))(
  '$id sends every status that it documents, no other, and always by the contract',
  async ({ operation }) => {
    const reached = new Set<number>()
    for (const [name, provoke] of Object.entries(provocations)) {
      const caller = await callerFor(operation, server, ann)
      const attempt = await wellFormed(operation, server, caller)
      for (const reply of await provoke({ operation, attempt, bearer: `Bearer ${caller.accessToken}` })) {
        expect.soft(answerFaults(operation, reply), name).toEqual([])
        expect.soft(Buffer.byteLength(reply.status < 400 ? '' : reply.text), name).toBeLessThan(8_192)
        // The server replaces an undocumented status by a 500, which is documented.
        expect.soft(reply.status === 500, name).toBe(name === 'a handler that throws')
        reached.add(reply.status)
      }
    }
    const excused = Object.keys(UNREACHED).filter((entry) => entry.startsWith(`${operation.operationId} `))
    const accounted = [...reached, ...excused.map((entry) => Number(entry.split(' ')[1]))]
    expect(accounted.toSorted(ascending)).toEqual([...operation.responses.keys()].toSorted(ascending))
  },
)

test('every exception is for a documented status', () => {
  const documented = new Set(
    operations.flatMap(({ operationId, responses }) =>
      [...responses.keys()].map((status) => `${operationId} ${status}`),
    ),
  )
  expect(Object.keys(UNREACHED).filter((entry) => !documented.has(entry))).toEqual([])
})

/** The request with other values for those of these fields that it has, in JSON or a form. */
function withFields(attempt: Attempt, fields: Readonly<Record<string, string>>): Attempt {
  if (attempt.body === undefined) return attempt
  const isForm = attempt.headers['Content-Type'] === 'application/x-www-form-urlencoded'
  const given = isForm
    ? Object.fromEntries(new URLSearchParams(attempt.body))
    : (JSON.parse(attempt.body) as Record<string, string>)
  const changed = { ...given, ...Object.fromEntries(Object.entries(fields).filter(([name]) => name in given)) }
  return { ...attempt, body: isForm ? new URLSearchParams(changed).toString() : JSON.stringify(changed) }
}

function subject(bearer: string): string {
  return String(decodeJwt(bearer.replace('Bearer ', '')).sub)
}

async function one(reply: Promise<Answer>): Promise<readonly Answer[]> {
  return [await reply]
}

function throwEverywhere(handlers: Handlers): Handlers {
  return Object.fromEntries(Object.keys(handlers).map((id) => [id, fail])) as unknown as Handlers
}

function refuseEverywhere(handlers: Handlers): Handlers {
  return Object.fromEntries(Object.keys(handlers).map((id) => [id, refuse])) as unknown as Handlers
}

async function refuse(): Promise<never> {
  throw unavailable('There is too much to do.')
}

async function fail(): Promise<never> {
  throw new Error('a bug with a secret: hunter2')
}

function ascending(a: number, b: number): number {
  return a - b
}
