import { expect, test } from 'vitest'
import { security } from '../../generated/security.ts'
import { operations } from '../contract/harness/document-examples.ts'
import { useServer } from '../support/fixtures.ts'
import { ask, logIn, register } from '../support/people.ts'

const server = useServer()

const KEY_SCOPES = new Set(['account:read', 'notes:read', 'notes:write', 'notes:erase'])

test.each(operations.map((operation) => ({ operation, id: operation.operationId })))(
  'the contract lets API keys call $id exactly when they can have its scopes, and wants the same of them as of a login',
  ({ operation: { security: requirements } }) => {
    if (requirements.length === 0) return
    const [login, ...others] = requirements
    const scopes = login?.['oauth2'] ?? []
    const isForKeys = scopes.every((scope) => KEY_SCOPES.has(scope))
    expect(others).toEqual(isForKeys ? [{ apiKey: scopes }] : [])
  },
)

test('getCredential lists what a login may call: everything', async () => {
  const ann = await register(server)
  const { body } = await ann.ask('GET', '/users/me/credential')
  expect(body).toMatchObject({
    kind: 'session',
    scopes: ['account:read', 'account:write', 'keys:write', 'notes:read', 'notes:write', 'notes:erase'],
  })
  expect(body['operations']).toEqual(Object.keys(security))
})

test('getCredential lists what an API key may call, and the list is true', async () => {
  const ann = await register(server)
  const made = await ann.ask('POST', '/api-keys', {
    body: { name: 'k', scopes: ['notes:read'], current_password: ann.password },
  })
  const headers = { Authorization: `Bearer ${String(made.body['key'])}` }
  const { body } = await ask(server, 'GET', '/users/me/credential', { headers })
  expect(body).toMatchObject({ kind: 'api_key', id: made.body['id'], scopes: ['notes:read'] })
  const callable = new Set(body['operations'] as string[])
  for (const { operationId, method, path, security: requirements } of operations) {
    if (requirements.length === 0) continue
    const address = path.replaceAll(/\{[^}]+\}/g, crypto.randomUUID())
    const { status } = await ask(server, method.toUpperCase(), address, { headers })
    expect(status === 403, operationId).toBe(!callable.has(operationId))
  }
})

test('every credential may ask what it may do, also one with a single scope', async () => {
  const { email, password } = await register(server)
  for (const scope of ['account:read', 'account:write', 'keys:write', 'notes:read', 'notes:write', 'notes:erase']) {
    const narrow = await logIn(server, email, password, { scope })
    expect((await narrow.ask('GET', '/users/me/credential')).body['scopes']).toEqual([scope])
  }
})
