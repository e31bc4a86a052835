import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { useServer } from '../support/fixtures.ts'
import { type Answer, ask, logIn, type Person, register } from '../support/people.ts'

const server = useServer()

function make(person: Person, fields: Record<string, unknown> = {}): Promise<Answer> {
  return person.ask('POST', '/api-keys', {
    body: { name: 'Backup', scopes: ['notes:read'], current_password: person.password, ...fields },
  })
}

function use(key: unknown, method: string, path: string, body?: unknown): Promise<Answer> {
  return ask(server, method, path, { body, headers: { Authorization: `Bearer ${String(key)}` } })
}

test('an API key does what its scopes say, as its owner, and no more', async () => {
  const ann = await register(server)
  const made = await make(ann)
  expect(made.status).toBe(201)
  expect(made.body['key']).toMatch(/^nak_[A-Za-z0-9_-]{43}[0-9a-f]{8}$/)
  expect(made.body).toMatchObject({
    name: 'Backup',
    scopes: ['notes:read'],
    hint: String(made.body['key']).slice(0, 10),
  })
  const note = await ann.ask('POST', '/notes', { body: { title: 'a', content: 'b' } })
  expect((await use(made.body['key'], 'GET', `/notes/${String(note.body['id'])}`)).status).toBe(200)

  const refused = await use(made.body['key'], 'POST', '/notes', { title: 'a', content: 'b' })
  expect(refused.status).toBe(403)
  expect(refused.body).toMatchObject({ missing_scopes: ['notes:write'], granted_scopes: ['notes:read'] })
  expect((await ann.ask('GET', '/notes')).list).toHaveLength(1)
})

test('an API key is shown once and stored only as a hash', async () => {
  const ann = await register(server)
  const { body } = await make(ann)
  const key = String(body['key'])
  const [listed] = (await ann.ask('GET', '/api-keys')).list
  const { key: _, ...rest } = body
  expect(listed).toEqual({ ...rest, last_used_at: null })
  const rows = await sql<{ row: string }>`select k::text as row from api_keys k`.execute(server.db)
  expect(rows.rows.map(({ row }) => row).join()).not.toContain(key.slice(10, 40))
})

test.each(['account:write', 'keys:write', 'notes:admin'])('an API key can never have the scope %s', async (scope) => {
  const ann = await register(server)
  const refused = await make(ann, { scopes: ['notes:read', scope] })
  expect(refused.status).toBe(422)
  expect(refused.body['errors']).toMatchObject([{ loc: ['body', 'scopes', '1'], type: 'enum' }])
  expect((await ann.ask('GET', '/api-keys')).list).toEqual([])
})

test('an API key never has a scope that the session making it lacks', async () => {
  const { email, password } = await register(server)
  const narrow = await logIn(server, email, password, { scope: 'keys:write account:read notes:read' })
  const refused = await make(narrow, { scopes: ['notes:read', 'notes:write'] })
  expect(refused.status).toBe(422)
  expect(refused.body['errors']).toMatchObject([
    { loc: ['body', 'scopes', '1'], pointer: '/scopes/1', type: 'invalid_scope' },
  ])
  expect((await make(narrow)).status).toBe(201)
})

test('an API key makes no API keys, and changes nothing of the account', async () => {
  const ann = await register(server)
  const { body } = await make(ann, { scopes: ['account:read', 'notes:read', 'notes:write'] })
  const key = body['key']
  const attempts: [string, string, unknown][] = [
    ['POST', '/api-keys', { name: 'more', scopes: ['notes:read'], current_password: ann.password }],
    ['DELETE', `/api-keys/${String(body['id'])}`, undefined],
    ['PUT', '/users/me/password', { current_password: ann.password, new_password: 'a longer and better one' }],
    ['PATCH', '/users/me', { email: 'x@example.com', current_password: ann.password }],
    ['DELETE', '/users/me', { current_password: ann.password }],
  ]
  for (const [method, path, given] of attempts)
    expect((await use(key, method, path, given)).status, `${method} ${path}`).toBe(403)
  for (const path of ['/users/me', '/users/me/sessions', '/users/me/security-events', '/api-keys']) {
    expect((await use(key, 'GET', path)).status).toBe(200)
  }
  expect((await use(key, 'GET', '/users/me/sessions')).list).toMatchObject([{ is_current: false }])
})

test('a revoked, an expired and a mistyped API key are refused, and so is one of a disabled account', async () => {
  const ann = await register(server)
  const [revoked, expired, good] = [(await make(ann)).body, (await make(ann)).body, (await make(ann)).body]
  expect((await ann.ask('DELETE', `/api-keys/${String(revoked['id'])}`)).status).toBe(204)
  expect((await ann.ask('DELETE', `/api-keys/${String(revoked['id'])}`)).status).toBe(404)
  await server.db
    .updateTable('api_keys')
    .set({ expires_at: sql<string>`now()` })
    .where('id', '=', String(expired['id']))
    .execute()
  const key = String(good['key'])
  const mistyped = `${key.slice(0, 20)}${key[20] === 'A' ? 'B' : 'A'}${key.slice(21)}`
  for (const bad of [revoked['key'], expired['key'], mistyped, key.slice(0, -1), `${key}0`, key.toUpperCase()]) {
    const refused = await use(bad, 'GET', '/notes')
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toContain('error="invalid_token"')
  }
  expect((await use(key, 'GET', '/notes')).status).toBe(200)
  await server.db.updateTable('users').set({ is_active: false }).where('email', '=', ann.email).execute()
  expect((await use(key, 'GET', '/notes')).status).toBe(401)
})

test("another's API key cannot be revoked and answers like an unknown one", async () => {
  const [ann, bob] = [await register(server), await register(server)]
  const { body } = await make(ann)
  const ask404 = (id: string) => bob.ask('DELETE', `/api-keys/${id}`, { headers: { 'X-Request-Id': 'same' } })
  const theirs = await ask404(String(body['id']))
  expect(theirs.status).toBe(404)
  expect(theirs.text).toBe((await ask404(crypto.randomUUID())).text)
  expect((await use(body['key'], 'GET', '/notes')).status).toBe(200)
  expect((await bob.ask('GET', '/api-keys')).list).toEqual([])
})

test('an account has at most 50 API keys, also when two are made at once', async () => {
  const ann = await register(server)
  const { body } = await make(ann)
  await sql`insert into api_keys (id, user_id, name, key_hash, hint, scope, expires_at)
    select gen_random_uuid(), user_id, name, decode(md5(n::text), 'hex'), hint, scope, expires_at
    from api_keys, generate_series(1, 48) n where id = ${String(body['id'])}`.execute(server.db)
  const answers = await Promise.all([make(ann), make(ann), make(ann)])
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409])
  expect(answers.find(({ status }) => status === 409)?.body['type']).toBe('/problems/too-many-api-keys')
  expect((await ann.ask('GET', '/api-keys')).list).toHaveLength(50)
})

test('the use of an API key is noted, and not at every request', async () => {
  const ann = await register(server)
  const { body } = await make(ann)
  const lastUsed = async () => (await ann.ask('GET', '/api-keys')).list[0]?.['last_used_at']
  await use(body['key'], 'GET', '/notes')
  const first = await lastUsed()
  expect(first).toMatch(/^\d{4}-/)
  await use(body['key'], 'GET', '/notes')
  expect(await lastUsed()).toBe(first)
})

test('an API key lives as long as it was made for', async () => {
  const ann = await register(server)
  const { body } = await make(ann, { expires_in_days: 7 })
  const lifetime = Date.parse(String(body['expires_at'])) - Date.parse(String(body['created_at']))
  expect(lifetime).toBe(7 * 86_400_000)
})

test('API keys in a URL are refused', async () => {
  const ann = await register(server)
  const { body } = await make(ann)
  expect((await ask(server, 'GET', `/notes?api_key=${String(body['key'])}`)).status).toBe(401)
})

test.each(['a key', 'an access token'])('%s that is sent without Bearer is told so, and not quoted', async (kind) => {
  const ann = await register(server)
  const body = { name: 'k', scopes: ['notes:read'], current_password: ann.password }
  const credential =
    kind === 'a key' ? String((await ann.ask('POST', '/api-keys', { body })).body['key']) : ann.accessToken
  for (const Authorization of [credential, `Token ${credential}`]) {
    const refused = await ask(server, 'GET', '/notes', { headers: { Authorization } })
    expect(refused.status).toBe(401)
    expect(refused.body['detail']).toContain('The Authorization header does not begin with "Bearer".')
    expect(refused.headers.get('www-authenticate')).toBe('Bearer realm="notes-api"')
    expect(refused.text).not.toContain(credential)
  }
})
