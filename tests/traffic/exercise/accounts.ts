import { randomUUID } from 'node:crypto'
import { operations } from '../../contract/harness/document-examples.ts'
import { ask, logIn, type Person, register } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { followAll, form, holder } from './steps.ts'

/** One account from its registration to its end: credentials of each kind, what they may do, and what ends them. Asserts nothing. */
export async function exerciseAccounts(server: TestServer): Promise<void> {
  const ann = await register(server)
  await form(server, '/auth/token', { username: ann.email, password: 'wrong' })
  await ask(server, 'POST', '/auth/register', { body: { email: ann.email, password: ann.password } })
  const narrow = await logIn(server, ann.email, ann.password, { scope: 'notes:read account:read' })
  await continueSessions(server, ann, narrow)
  const [key, other] = await exerciseKeys(server, ann)
  for (const caller of [ann, narrow, key, other]) {
    await caller.ask('GET', '/users/me/credential')
    await refuseEverything(caller)
  }
  await lookAround(ann)
  await endThings(server, ann, key)
}

async function continueSessions(server: TestServer, ann: Person, narrow: Person): Promise<void> {
  const refresh = (token: unknown, scope?: string) =>
    form(server, '/auth/token', {
      grant_type: 'refresh_token',
      refresh_token: String(token),
      ...(scope !== undefined && { scope }),
    })
  const first = await refresh(narrow.refreshToken)
  await holder(server, narrow, String(first.body['access_token'])).ask('GET', '/users/me/credential')
  const second = await refresh(first.body['refresh_token'], 'notes:read')
  await refresh(second.body['refresh_token'], 'notes:write')
  await refresh(second.body['refresh_token'], '')
  const other = await logIn(server, ann.email, ann.password)
  await refresh(other.refreshToken)
  await refresh(other.refreshToken)
  await refresh('nrt_unknown')
  for (const method of ['GET', 'HEAD', 'GET']) await ann.ask(method, '/users/me/sessions')
}

async function exerciseKeys(server: TestServer, ann: Person): Promise<readonly [Person, Person]> {
  const make = (fields: Record<string, unknown>) =>
    ann.ask('POST', '/api-keys', {
      body: { name: 'A program', scopes: ['notes:read', 'notes:write'], current_password: ann.password, ...fields },
    })
  const { body } = await make({})
  const other = await make({ scopes: ['account:read'], expires_in_days: 7, name: 'Another' })
  await make({ current_password: 'wrong' })
  await make({ scopes: ['account:write'] })
  const maker = await logIn(server, ann.email, ann.password, { scope: 'keys:write notes:read' })
  for (const scope of ['notes:write', 'notes:read']) {
    await maker.ask('POST', '/api-keys', { body: { name: scope, scopes: [scope], current_password: ann.password } })
  }
  const key = holder(server, ann, String(body['key']))
  await key.ask('GET', '/notes')
  for (const method of ['GET', 'HEAD', 'GET']) await ann.ask(method, '/api-keys')
  return [key, holder(server, ann, String(other.body['key']))]
}

/** What this caller may not call answers 403 before anything else is looked at; what it may call fails in its own way. */
async function refuseEverything(caller: Person): Promise<void> {
  for (const { method, path, security } of operations) {
    const isHarmless = security.length > 0 && !path.startsWith('/auth')
    const address = path.replace('{version}', '1').replace(/\{[^}]+\}/g, () => randomUUID())
    if (isHarmless) await caller.ask(method.toUpperCase(), address)
  }
}

async function lookAround(ann: Person): Promise<void> {
  for (const path of [
    '/users/me',
    '/users/me/credential',
    '/users/me/security-events?limit=100',
    '/health',
    '/health/live',
  ]) {
    for (const method of ['GET', 'HEAD', 'GET']) await ann.ask(method, path)
  }
  for (const limit of [1, 2, 100]) await followAll(ann, `/users/me/security-events?limit=${limit}`)
  await ann.ask('GET', '/users/me', { headers: { 'X-Request-Id': 'one-of-ours.1' } })
  await ann.ask('GET', `/notes/${randomUUID()}`, { headers: { 'X-Request-Id': 'one-of-ours.2' } })
  for (const path of ['/users/me', '/notes/batch', `/notes/${randomUUID()}`])
    for (const method of ['OPTIONS', 'POST', 'GET']) await ann.ask(method, path)
  await ann.ask('POST', '/tags/rename', { body: { from: [''], to: ['x'], colour: 'red', 'a/b~c': 1 } })
  await ann.ask('PUT', '/users/me/password', { body: { current_password: 'x'.repeat(5_000), new_password: 'y' } })
}

async function endThings(server: TestServer, ann: Person, key: Person): Promise<void> {
  const [one, two, three] = [
    await logIn(server, ann.email, ann.password),
    await logIn(server, ann.email, ann.password),
    await logIn(server, ann.email, ann.password),
  ]
  await ann.ask('DELETE', `/users/me/sessions/${await idOf(one)}`)
  await form(server, '/auth/revoke', { token: two.accessToken })
  await form(server, '/auth/revoke', { token: three.refreshToken })
  for (const ended of [one, two, three]) await ended.ask('GET', '/notes')
  await ann.ask('GET', '/users/me/sessions')
  await ann.ask('DELETE', `/api-keys/${await idOf(key)}`)
  await key.ask('GET', '/notes')
  await ann.ask('GET', '/api-keys')
  await ann.ask('DELETE', `/api-keys/${randomUUID()}`)
  await ann.ask('PATCH', '/users/me', { body: { email: `new-${ann.email}`, current_password: 'wrong' } })
  await ann.ask('PATCH', '/users/me', { body: { email: `new-${ann.email}`, current_password: ann.password } })
  const last = await logIn(server, `new-${ann.email}`, ann.password)
  const change = (fields: Record<string, unknown>) =>
    ann.ask('PUT', '/users/me/password', {
      body: { current_password: ann.password, new_password: `new-${ann.password}`, ...fields },
    })
  await change({ current_password: 'wrong' })
  await change({})
  await last.ask('GET', '/notes')
  for (const path of ['/users/me', '/users/me/sessions', '/api-keys', '/users/me/security-events?limit=100'])
    await ann.ask('GET', path)
  await ann.ask('DELETE', '/users/me', { body: { current_password: `new-${ann.password}` } })
  await ann.ask('GET', '/users/me')
}

async function idOf(person: Person): Promise<string> {
  return String((await person.ask('GET', '/users/me/credential')).body['id'])
}
