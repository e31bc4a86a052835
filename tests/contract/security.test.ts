import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scopes as allScopes } from '../../generated/security.ts'
import { ask, logIn, type Person, register } from '../support/people.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { allRows } from './database-rows.ts'
import { operations } from './document-examples.ts'
import { forge, forgeries } from './forged-tokens.ts'
import { type Attempt, isSuccess, send, wellFormed, withUnknownIds } from './operations.ts'

/** pino's number for the level. */
const INFO = 30

let server: TestServer
let ann: Person
let bob: Person
/** Genuine tokens that stopped being good. */
let ended: Person
let disabled: Person
let deleted: Person

beforeAll(async () => {
  server = await startServer()
  ;[ann, bob, disabled, deleted] = await Promise.all([register(server), register(server), register(server), register(server)])
  ended = await logIn(server, ann.email, ann.password)
  const { db } = server
  await db
    .updateTable('sessions')
    .set({ ended_at: new Date().toISOString() })
    .where('id', '=', String(decodeJwt(ended.accessToken)['sid']))
    .execute()
  await db.updateTable('users').set({ is_active: false }).where('id', '=', subject(disabled)).execute()
  await db.deleteFrom('users').where('id', '=', subject(deleted)).execute()
})
afterAll(() => server.stop())

/** What goes into the Authorization header; undefined leaves it out. */
async function badCredentials(): Promise<readonly (readonly [state: string, authorization: string | undefined])[]> {
  const forged = Object.entries(forgeries).map(async ([name, make]) => [name, bearer(await make(ann.accessToken))] as const)
  return [
    ['no credential', undefined],
    ['an empty header', ''],
    ['a scheme without token', 'Bearer'],
    ['a token without scheme', ann.accessToken],
    ['the basic scheme', `Basic ${Buffer.from(`${ann.email}:${ann.password}`).toString('base64')}`],
    ['an unknown scheme with a good token', `Token ${ann.accessToken}`],
    ['two tokens', bearer(`${ann.accessToken} ${ann.accessToken}`)],
    ['a list of tokens', `${bearer(ann.accessToken)}, ${bearer(ann.accessToken)}`],
    ['a good token in quotes', bearer(`"${ann.accessToken}"`)],
    ['letters outside ASCII', bearer('\u00e9\u00e8')],
    ['a token of 5000 letters', bearer('a'.repeat(5_000))],
    ['garbage', bearer('garbage')],
    ['garbage with dots', bearer('a.b.c')],
    ['dots alone', bearer('..')],
    ['a refresh token', bearer(ann.refreshToken)],
    ['the token of an ended session', bearer(ended.accessToken)],
    ['the token of a disabled user', bearer(disabled.accessToken)],
    ['the token of a deleted user', bearer(deleted.accessToken)],
    ...(await Promise.all(forged)),
  ]
}

const guarded = operations.filter(({ security }) => security.length > 0)
const open = operations.filter(({ security }) => security.length === 0)

describe.each(guarded.map((operation) => ({ operation, id: operation.operationId })))('$id', ({ operation }) => {
  test('answers 401 to every credential that is not good, and changes nothing', async () => {
    const attempt = await wellFormed(operation, server, ann)
    const before = await allRows(server.db)
    for (const [state, authorization] of await badCredentials()) {
      const refused = await send(server, attempt, authorization)
      const challenge = authorization === undefined ? /^Bearer realm="[^"]+"$/ : /^Bearer .*error="invalid_token"/
      expect.soft(refused.status, state).toBe(401)
      expect.soft(refused.headers.get('www-authenticate'), state).toMatch(challenge)
    }
    expect(await allRows(server.db)).toEqual(before)
    await proveAllowed(attempt)
  })

  const wanted = new Set<string>(operation.security.flatMap((requirement) => Object.values(requirement).flat()))
  test.skipIf(wanted.size === 0)('answers 403 while any scope of it is missing, names that, and changes nothing', async () => {
    const attempt = await wellFormed(operation, server, ann)
    const before = await allRows(server.db)
    for (const scope of wanted) {
      const granted = allScopes.filter((known) => known !== scope)
      const token = await forge(ann.accessToken, { claims: { scope: granted.join(' ') } })
      const refused = await send(server, attempt, bearer(token))
      expect(refused.status).toBe(403)
      expect(refused.body).toMatchObject({ type: '/problems/insufficient-scope', missing_scopes: [scope], granted_scopes: granted })
      expect(refused.headers.get('www-authenticate')).toMatch(new RegExp(`^Bearer .*error="insufficient_scope", scope="${scope}"`))
    }
    const without = await send(server, attempt, bearer(await forge(ann.accessToken, { claims: { scope: 'unheard-of' } })))
    expect(without.status).toBe(403)
    expect(without.body).toMatchObject({ missing_scopes: [...wanted], granted_scopes: [] })
    expect(await allRows(server.db)).toEqual(before)
    await proveAllowed(attempt)
  })

  test("gives another user nothing of the owner's, and leaves that as it is", async () => {
    const own = await wellFormed(operation, server, ann)
    const attempt = { ...own, headers: { ...own.headers, 'X-Request-Id': 'same' } }
    const before = await allRows(server.db)
    const theirs = await send(server, attempt, bearer(bob.accessToken))
    const after = new Set(await allRows(server.db))
    expect(before.filter((row) => !after.has(row))).toEqual([])

    const unknown = withUnknownIds(operation, attempt)
    if (unknown === undefined) {
      expect(isSuccess(theirs)).toBe(true)
      expect(theirs.text).not.toContain(subject(ann))
      expect(theirs.text).not.toContain(ann.email)
    } else {
      const nobodys = await send(server, unknown, bearer(bob.accessToken))
      expect(theirs.status).toBe(404)
      expect(theirs.text).toBe(nobodys.text)
      expect([...theirs.headers].filter(isSteady)).toEqual([...nobodys.headers].filter(isSteady))
    }
    await proveAllowed(attempt)
  })
})

test.each(open.map((operation) => ({ operation, id: operation.operationId })))(
  '$id is public and needs no credential',
  async ({ operation }) => {
    for (const authorization of [undefined, 'Bearer garbage']) {
      expect(isSuccess(await send(server, await wellFormed(operation, server, ann), authorization))).toBe(true)
    }
  },
)

test('a forged token with nothing changed is good: each forgery fails by its one fault', async () => {
  const authorization = bearer(await forge(ann.accessToken, {}))
  expect((await bob.ask('GET', '/users/me', { headers: { Authorization: authorization } })).body['email']).toBe(ann.email)
})

test('a bad credential, whatever is odd about it, is no fault of the server', async () => {
  const seen = server.log.length
  for (const [, authorization] of await badCredentials())
    await ask(server, 'GET', '/users/me', { headers: { Authorization: authorization ?? '' } })
  const levels = server.log.slice(seen).map((line) => Number((JSON.parse(line) as Record<string, unknown>)['level']))
  expect(levels).not.toHaveLength(0)
  expect(levels.filter((level) => level > INFO)).toEqual([])
})

/** The very request that was refused succeeds for its owner, so it was refused for its credential and nothing else. */
async function proveAllowed(attempt: Attempt): Promise<void> {
  const allowed = await send(server, attempt, bearer(ann.accessToken))
  expect(isSuccess(allowed), allowed.text).toBe(true)
}

function subject({ accessToken }: Person): string {
  return String(decodeJwt(accessToken).sub)
}

function bearer(token: string): string {
  return `Bearer ${token}`
}

function isSteady([name]: [string, string]): boolean {
  return name !== 'date'
}
