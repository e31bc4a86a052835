import { type AddressInfo, createServer } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { scopes as allScopes } from '../../generated/security.ts'
import { useServer } from '../support/fixtures.ts'
import { ask, logIn, newKey, type Person, register, sessionIdOf, userIdOf } from '../support/people.ts'
import { allRows } from './harness/database-rows.ts'
import { operations } from './harness/document-examples.ts'
import { forge, forgeries } from './harness/forged-tokens.ts'
import { type Attempt, callerFor, isSuccess, send, wellFormed } from './operations.ts'

/** All scopes that an API key can have, in the contract's order. */
const KEY_SCOPES = ['account:read', 'notes:read', 'notes:write', 'notes:erase']
/** pino's number for the level. */
const INFO = 30

const server = useServer()
let ann: Person
let bob: Person
/** Genuine tokens that are no longer valid. */
let ended: Person
let disabled: Person
let deleted: Person
/** API keys that are no longer valid, by what ended them. */
let endedKeys: Readonly<Record<string, string>>

beforeAll(async () => {
  ;[ann, bob, disabled, deleted] = await Promise.all([
    register(server),
    register(server),
    register(server),
    register(server),
  ])
  ended = await logIn(server, ann.email, ann.password)
  const [revoked, expired, ofDisabled, ofDeleted] = [
    await newKey(ann),
    await newKey(ann),
    await newKey(disabled),
    await newKey(deleted),
  ]
  const mistyped = revoked.key.replace(/.$/, (last) => (last === '0' ? '1' : '0'))
  endedKeys = {
    revoked: revoked.key,
    expired: expired.key,
    'of a disabled user': ofDisabled.key,
    'of a deleted user': ofDeleted.key,
    mistyped,
  }
  await ann.ask('DELETE', `/api-keys/${revoked.id}`)
  const { db } = server
  await db
    .updateTable('sessions')
    .set({ ended_at: new Date().toISOString() })
    .where('id', '=', sessionIdOf(ended))
    .execute()
  await db.updateTable('api_keys').set({ expires_at: new Date().toISOString() }).where('id', '=', expired.id).execute()
  await db.updateTable('users').set({ is_active: false }).where('id', '=', userIdOf(disabled)).execute()
  await db.deleteFrom('users').where('id', '=', userIdOf(deleted)).execute()
})

/** The value of the Authorization header; undefined omits it. */
async function badCredentials(): Promise<readonly (readonly [state: string, authorization: string | undefined])[]> {
  const forged = Object.entries(forgeries).map(
    async ([name, make]) => [name, bearer(await make(ann.accessToken))] as const,
  )
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
    ...Object.entries(endedKeys).map(([state, key]) => [`an API key: ${state}`, bearer(key)] as const),
    ...(await Promise.all(forged)),
  ]
}

const guarded = operations.filter(({ security }) => security.length > 0)
const open = operations.filter(({ security }) => security.length === 0)

describe.each(guarded.map((operation) => ({ operation, id: operation.operationId })))('$id', ({ operation }) => {
  test('replies 401 to every invalid credential, and changes nothing', async () => {
    const owner = await callerFor(operation, server, ann)
    const attempt = await wellFormed(operation, server, owner)
    const before = await allRows(server.db)
    for (const [state, authorization] of await badCredentials()) {
      const refused = await send(server, attempt, authorization)
      // An error code is for a bearer credential, not for none or another scheme (RFC 6750 §3.1).
      const isBearer = /^Bearer\b/.test(authorization ?? '')
      const challenge = isBearer ? /^Bearer .*error="invalid_token"/ : /^Bearer realm="[^"]+"$/
      expect.soft(refused.status, state).toBe(401)
      expect.soft(refused.headers.get('www-authenticate'), state).toMatch(challenge)
    }
    expect(await allRows(server.db)).toEqual(before)
    await proveAllowed(attempt, owner)
  })

  const wanted = new Set<string>(operation.security.flatMap((requirement) => Object.values(requirement).flat()))
  // An operation for every credential has no scope that could be missing.
  const ifScoped = wanted.size === 0 ? undefined : test
  ifScoped?.('replies 403 if any of its scopes is missing, names that scope, and changes nothing', async () => {
    const owner = await callerFor(operation, server, ann)
    const attempt = await wellFormed(operation, server, owner)
    const before = await allRows(server.db)
    for (const scope of wanted) {
      const granted = allScopes.filter((known) => known !== scope)
      const token = await forge(owner.accessToken, { claims: { scope: granted.join(' ') } })
      const refused = await send(server, attempt, bearer(token))
      expect(refused.status).toBe(403)
      expect(refused.body).toMatchObject({
        type: '/problems/insufficient-scope',
        missing_scopes: [scope],
        granted_scopes: granted,
      })
      expect(refused.headers.get('www-authenticate')).toMatch(
        new RegExp(`^Bearer .*error="insufficient_scope", scope="${scope}"`),
      )
    }
    const without = await send(
      server,
      attempt,
      bearer(await forge(owner.accessToken, { claims: { scope: 'unheard-of' } })),
    )
    expect(without.status).toBe(403)
    expect(without.body).toMatchObject({ missing_scopes: [...wanted], granted_scopes: [] })
    expect(await allRows(server.db)).toEqual(before)
    await proveAllowed(attempt, owner)
  })

  test('lets an API key do what its scopes allow, and nothing else', async () => {
    const owner = await callerFor(operation, server, ann)
    const attempt = await wellFormed(operation, server, owner)
    const { key, id } = await newKey(owner, KEY_SCOPES)
    // The first use of a key is recorded; later requests change nothing.
    await ask(server, 'GET', '/users/me/credential', { headers: { Authorization: bearer(key) } })
    const before = await allRows(server.db)
    const reply = await send(server, attempt, bearer(key))
    if (operation.security.some((requirement) => 'apiKey' in requirement)) {
      expect(isSuccess(reply), reply.text).toBe(true)
    } else {
      expect(reply.status).toBe(403)
      const missing = [...wanted].filter((scope) => !KEY_SCOPES.includes(scope))
      expect(reply.body).toMatchObject({ missing_scopes: missing, granted_scopes: KEY_SCOPES })
      expect(await allRows(server.db)).toEqual(before)
      await proveAllowed(attempt, owner)
    }
    if (owner === ann) await ann.ask('DELETE', `/api-keys/${id}`)
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

test('a forged token with nothing changed is valid, so each forgery fails by its one change', async () => {
  const authorization = bearer(await forge(ann.accessToken, {}))
  expect((await bob.ask('GET', '/users/me', { headers: { Authorization: authorization } })).body['email']).toBe(
    ann.email,
  )
})

test('a token that names an address for its key makes the server contact no host', async () => {
  let visits = 0
  const elsewhere = createServer((socket) => {
    visits += 1
    socket.destroy()
  })
  await new Promise<void>((resolve) => elsewhere.listen(0, '127.0.0.1', resolve))
  const address = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/keys`
  for (const name of ['jku', 'x5u', 'kid', 'iss']) {
    const token = await forge(
      ann.accessToken,
      name === 'iss' ? { claims: { iss: address } } : { header: { [name]: address, kid: address } },
    )
    expect((await ask(server, 'GET', '/users/me', { headers: { Authorization: bearer(token) } })).status).toBe(401)
  }
  expect(visits).toBe(0)
  await new Promise((resolve) => elsewhere.close(resolve))
})

test('no invalid credential causes a 5xx', async () => {
  const seen = server.log.length
  for (const [, authorization] of await badCredentials())
    await ask(server, 'GET', '/users/me', { headers: { Authorization: authorization ?? '' } })
  const levels = server.log.slice(seen).map((line) => Number((JSON.parse(line) as Record<string, unknown>)['level']))
  expect(levels).not.toHaveLength(0)
  expect(levels.filter((level) => level > INFO)).toEqual([])
})

/** The refused request succeeds for its owner, so it was refused for its credential only. */
async function proveAllowed(attempt: Attempt, owner: Person): Promise<void> {
  const allowed = await send(server, attempt, bearer(owner.accessToken))
  expect(isSuccess(allowed), allowed.text).toBe(true)
}

function bearer(token: string): string {
  return `Bearer ${token}`
}
