import { beforeEach, expect, test } from 'vitest'
import { createAuth } from '../../src/auth/auth.ts'
import { authHandlers, type AuthDeps } from '../../src/auth/handlers.ts'
import { createPasswordCheck } from '../../src/auth/password/password-check.ts'
import { unavailable } from '../../src/http/problem.ts'
import { createFairGate, type FairGate } from '../../src/scheduling/fair-gate.ts'
import { useDatabase, useFixture, usePerson, useServer } from '../support/fixtures.ts'
import { type Answer, ask, form } from '../support/people.ts'
import { CHEAP, SECRET_KEY } from '../support/server.ts'

/** One slot and one place, for as long as a slow machine may take. */
const gate = createFairGate({ slots: 1, queue: 1, waitMs: 60_000, busy: () => unavailable('The gate is full.') })
const counts = { asked: 0, refused: 0, hashed: 0 }
/** Awaited by each hash before it begins, in its slot. */
let beforeHash: Promise<void> | undefined
const countingGate: FairGate = {
  state: gate.state,
  run: async (work, requester) => {
    const admitted = gate.run(async () => {
      counts.hashed += 1
      await beforeHash
      return work()
    }, requester)
    counts.asked += 1
    return admitted.catch((error: unknown) => {
      counts.refused += 1
      throw error
    })
  },
}

const database = useDatabase()
const gated = useFixture(async () => {
  const auth = createAuth(database.db, {
    secretKeys: [SECRET_KEY],
    accessTokenSeconds: 900,
    refreshTokenSeconds: 3_600,
    registration: 'open',
    passwordMinLength: 8,
    passwordCost: CHEAP,
    addressOf: (path) => path,
    onLocalThrottle: () => undefined,
  })
  const deps: AuthDeps = { ...auth, hashGate: countingGate }
  return { deps, handlers: await authHandlers(deps) }
})
const server = useServer(() => ({
  db: database.db,
  override: (handlers) => ({ ...handlers, ...gated.handlers }),
}))
const ann = usePerson(server)

beforeEach(() => {
  Object.assign(counts, { asked: 0, refused: 0, hashed: 0 })
  beforeHash = undefined
})

interface Sent {
  readonly method: string
  readonly path: string
  readonly body: string
  readonly headers: Readonly<Record<string, string>>
}

function post(path: string, fields: Record<string, string>): Sent {
  return { method: 'POST', path, ...form(fields) }
}

function json(method: string, path: string, body: object): Sent {
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${ann.accessToken}` }
  return { method, path, body: JSON.stringify(body), headers }
}

const logIn = (): Promise<Answer> => {
  const { method, path, ...options } = post('/auth/token', { username: ann.email, password: ann.password })
  return ask(server, method, path, options)
}

/** Runs `work` while the only slot of the gate is taken. */
async function whileBusy<T>(work: () => Promise<T>): Promise<T> {
  const slot = Promise.withResolvers<void>()
  const running = gate.run(() => slot.promise)
  try {
    return await work()
  } finally {
    slot.resolve()
    await running
  }
}

const wrong = { current_password: 'not the password' }
const requests: [string, () => Sent][] = [
  ['createToken', () => post('/auth/token', { username: ann.email, password: 'not the password' })],
  ['registerUser', () => json('POST', '/auth/register', { email: 'gone@example.com', password: 'securepass123' })],
  ['updateMe', () => json('PATCH', '/users/me', { email: 'gone@example.com', ...wrong })],
  ['deleteMe', () => json('DELETE', '/users/me', wrong)],
  ['changePassword', () => json('PUT', '/users/me/password', { new_password: 'a longer and better one', ...wrong })],
  ['createApiKey', () => json('POST', '/api-keys', { name: 'k', scopes: ['notes:read'], ...wrong })],
]

test.each(requests)(
  '%s gives up its place in the queue for hashes when its client leaves, and no hash is computed for it',
  async (_, request) => {
    const { method, path, body, headers } = request()
    const client = new AbortController()
    const next = await whileBusy(async () => {
      const left = fetch(`${server.url}${path}`, { method, body, headers, signal: client.signal })
      const failed = expect(left).rejects.toThrow('aborted')
      await expect.poll(() => counts.asked, { timeout: 10_000 }).toBe(1)
      // The queue is full now.
      expect((await logIn()).status).toBe(503)
      client.abort()
      await failed
      await expect.poll(() => counts.refused, { timeout: 10_000 }).toBe(2)
      // Its place is free again: this login waits for the slot.
      const waiting = logIn()
      await expect.poll(() => counts.asked, { timeout: 10_000 }).toBe(3)
      return { waiting }
    })
    expect((await next.waiting).status).toBe(200)
    expect(counts).toEqual({ asked: 3, refused: 2, hashed: 1 })
    const failures = server.db.selectFrom('security_events').select('id').where('type', '=', 'login_failed')
    expect(await failures.execute()).toEqual([])
  },
)

test('a wrong password counts as a failed login although its client leaves while it is checked', async () => {
  const hash = Promise.withResolvers<void>()
  beforeHash = hash.promise
  const { method, path, body, headers } = post('/auth/token', { username: ann.email, password: 'not the password' })
  const client = new AbortController()
  const left = fetch(`${server.url}${path}`, { method, body, headers, signal: client.signal })
  const failed = expect(left).rejects.toThrow('aborted')
  await expect.poll(() => counts.hashed, { timeout: 10_000 }).toBe(1)
  const aborted = () =>
    server.log.filter((line) => line.includes('the connection closed before the reply was complete')).length
  const before = aborted()
  client.abort()
  await failed
  await expect.poll(aborted, { timeout: 10_000 }).toBe(before + 1)
  hash.resolve()
  const failures = server.db.selectFrom('security_events').select('id').where('type', '=', 'login_failed')
  await expect.poll(() => failures.execute(), { timeout: 10_000 }).toHaveLength(1)
  await expect
    .poll(() => server.db.selectFrom('login_failures').selectAll().execute(), { timeout: 10_000 })
    .not.toEqual([])
})

test('no hash is computed for an aborted request, whatever it is for', async () => {
  const passwords = await createPasswordCheck(gated.deps)
  const origin = { client: { address: '192.0.2.1', userAgent: undefined }, signal: AbortSignal.abort() }
  const { id, password_hash } = await database.db
    .selectFrom('users')
    .selectAll()
    .where('email', '=', ann.email)
    .executeTakeFirstOrThrow()
  const weak = password_hash.replace(/m=\d+/, 'm=8')
  const attempts = [
    () => passwords.findMatching(ann.email, ann.password, origin),
    () => passwords.confirm(id, ann.password, origin),
    () => passwords.hashNew('a longer and better one', 'new_password', origin),
    () => passwords.hashForNewAccount('gone@example.com', 'a longer and better one', origin),
    () => passwords.rehashIfWeak(weak, ann.password, origin),
  ]
  for (const attempt of attempts) await expect(attempt()).rejects.toMatchObject({ slug: 'unavailable', status: 503 })
  expect(counts).toEqual({ asked: 5, refused: 5, hashed: 0 })
})
