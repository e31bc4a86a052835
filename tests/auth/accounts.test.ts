import { expect, test } from 'vitest'
import { SHIPPED_COST } from '../../src/auth/password/passwords.ts'
import { useServer } from '../support/fixtures.ts'
import { ask, form, logIn, register } from '../support/people.ts'

const server = useServer({ passwordCost: SHIPPED_COST })

const token = (fields: Record<string, string>, headers: Record<string, string> = {}) => {
  const { body, headers: type } = form(fields)
  return ask(server, 'POST', '/auth/token', { body, headers: { ...type, ...headers } })
}

test('registerUser stores the e-mail as typed and compares it without regard to case', async () => {
  const made = await ask(server, 'POST', '/auth/register', {
    body: { email: 'Ann.Smith@Example.com', password: 'securepass123' },
  })
  expect(made.status).toBe(201)
  expect(made.body).toEqual({
    id: expect.any(String),
    email: 'Ann.Smith@Example.com',
    is_active: true,
    created_at: expect.any(String),
  })
  const again = await ask(server, 'POST', '/auth/register', {
    body: { email: 'ann.smith@EXAMPLE.com', password: 'other-password' },
  })
  expect(again.status).toBe(409)
  const ann = await logIn(server, 'ANN.SMITH@example.COM', 'securepass123')
  expect((await ann.ask('GET', '/users/me')).body).toEqual(made.body)
})

test.each([
  ['müller@example.de', 'MÜLLER@Example.de'],
  ['user@münchen.de', 'user@xn--mnchen-3ya.de'],
  ['"jo doe"@example.com', '"JO DOE"@example.com'],
])('an address in any script makes an account: %s', async (email, other) => {
  const password = 'securepass123'
  const made = await ask(server, 'POST', '/auth/register', { body: { email, password } })
  expect([made.status, made.body['email']]).toEqual([201, email])
  expect((await ask(server, 'POST', '/auth/register', { body: { email: other, password } })).status).toBe(409)
  const person = await logIn(server, other, password)
  expect((await person.ask('GET', '/users/me')).body).toEqual(made.body)
})

test('blanks around an address do not count, at registration, at login and when it is changed', async () => {
  const password = 'securepass123'
  const made = await ask(server, 'POST', '/auth/register', { body: { email: ' blank@example.com ', password } })
  expect([made.status, made.body['email']]).toEqual([201, 'blank@example.com'])
  const again = await ask(server, 'POST', '/auth/register', { body: { email: 'blank@example.com\n', password } })
  expect(again.status).toBe(409)
  const person = await logIn(server, 'blank@example.com ', password)
  const changed = await person.ask('PATCH', '/users/me', {
    body: { email: '\tother@example.com', current_password: password },
  })
  expect(changed.body['email']).toBe('other@example.com')
  expect((await token({ username: ' other@example.com', password })).status).toBe(200)
})

test('20 parallel registrations of one address make one account', async () => {
  const attempts = Array.from({ length: 20 }, (_, index) => {
    const email = index % 2 === 0 ? 'race@example.com' : 'RACE@example.com'
    return ask(server, 'POST', '/auth/register', { body: { email, password: 'securepass123' } })
  })
  const statuses = (await Promise.all(attempts)).map(({ status }) => status)
  expect(statuses.toSorted((a, b) => a - b)).toEqual([201, ...Array.from({ length: 19 }, () => 409)])
})

test('a password is stored only as an argon2id hash of at least 19 MiB and two passes', async () => {
  const person = await register(server)
  const { password_hash } = await server.db
    .selectFrom('users')
    .select('password_hash')
    .where('email', '=', person.email)
    .executeTakeFirstOrThrow()
  expect(password_hash).toMatch(/^\$argon2id\$v=19\$m=19456,p=1,t=2\$/)
  expect(password_hash).not.toContain(person.password)
})

test('text after the 72nd byte of a password counts, and so does every character of a long one', async () => {
  const email = 'long@example.com'
  const password = `${'é'.repeat(200)}-end`
  await ask(server, 'POST', '/auth/register', { body: { email, password } })
  expect((await token({ username: email, password })).status).toBe(200)
  expect((await token({ username: email, password: `${'é'.repeat(200)}-eNd` })).status).toBe(401)
})

test('a password that is too short or too long is refused and makes no account', async () => {
  for (const [password, type] of [
    ['1234567', 'string_too_short'],
    ['x'.repeat(257), 'string_too_long'],
  ]) {
    const refused = await ask(server, 'POST', '/auth/register', { body: { email: 'never@example.com', password } })
    expect(refused.status).toBe(422)
    expect(refused.body['errors']).toMatchObject([{ loc: ['body', 'password'], type }])
    expect(refused.text).not.toContain(password)
  }
  expect(await server.db.selectFrom('users').select('id').where('email', '=', 'never@example.com').execute()).toEqual(
    [],
  )
})

test('an unknown e-mail, a wrong password and a disabled account answer byte for byte the same', async () => {
  const disabled = await register(server)
  await server.db.updateTable('users').set({ is_active: false }).where('email', '=', disabled.email).execute()
  const known = await register(server)
  const answers = await Promise.all(
    [
      { username: 'nobody@example.com', password: 'securepass123' },
      { username: known.email, password: 'not-the-password' },
      { username: disabled.email, password: disabled.password },
    ].map((fields) => token(fields, { 'X-Request-Id': 'same' })),
  )
  expect(new Set(answers.map(({ text }) => text)).size).toBe(1)
  expect(answers.map(({ status }) => status)).toEqual([401, 401, 401])
  expect(await disabled.ask('GET', '/notes')).toMatchObject({ status: 401 })
})

test('a stored hash with weaker parameters is rewritten at the next login', async () => {
  const person = await register(server)
  const { argon2id, hash } = await import('argon2')
  const weak = await hash(person.password, { type: argon2id, memoryCost: 4096, timeCost: 1, parallelism: 1 })
  await server.db.updateTable('users').set({ password_hash: weak }).where('email', '=', person.email).execute()
  await logIn(server, person.email, person.password)
  const { password_hash } = await server.db
    .selectFrom('users')
    .select('password_hash')
    .where('email', '=', person.email)
    .executeTakeFirstOrThrow()
  expect(password_hash).toContain('m=19456')
  await logIn(server, person.email, person.password)
})

test('a stored hash that would take all memory to check is not checked', async () => {
  const person = await register(server)
  const huge = '$argon2id$v=19$m=4194304,p=1,t=1000$c29tZXNhbHRzb21lc2FsdA$cHJldGVuZGVkcHJldGVuZGVkcHJldGVuZGVk'
  await server.db.updateTable('users').set({ password_hash: huge }).where('email', '=', person.email).execute()
  const started = performance.now()
  expect((await token({ username: person.email, password: person.password })).status).toBe(401)
  expect(performance.now() - started).toBeLessThan(2_000)
})

test('the token endpoint takes what Swagger UI and OAuth clients send, and no unknown grant', async () => {
  const { email: username, password } = await register(server)
  const fields = { grant_type: 'password', username, password, scope: '', client_id: '', client_secret: '' }
  expect((await token(fields)).status).toBe(200)
  const answer = await token(fields, { Authorization: 'Basic Og==' })
  expect(answer.status).toBe(200)
  const unknown = await token({ grant_type: 'client_credentials', username, password })
  expect(unknown.status).toBe(400)
  expect(unknown.body).toMatchObject({
    type: '/problems/unsupported-grant-type',
    detail: 'The grant_type must be one of: password, refresh_token.',
  })
})

test('a faulty grant gets the field errors of its own grant_type', async () => {
  const missing = await token({ grant_type: 'refresh_token' })
  expect(missing.body['errors']).toEqual([
    { loc: ['body', 'refresh_token'], pointer: '/refresh_token', msg: 'Is required.', type: 'missing' },
  ])
  const password = await token({ username: 'user@example.com' })
  expect(password.body['errors']).toEqual([
    { loc: ['body', 'password'], pointer: '/password', msg: 'Is required.', type: 'missing' },
  ])
})

test('a token may ask for less, and gets no more than it asked for', async () => {
  const { email, password } = await register(server)
  const reader = await logIn(server, email, password, { scope: 'notes:read' })
  expect((await reader.ask('GET', '/notes')).status).toBe(200)
  const refused = await reader.ask('POST', '/notes', { body: { title: 'a', content: 'b' } })
  expect(refused.status).toBe(403)
  expect(refused.body).toMatchObject({ missing_scopes: ['notes:write'], granted_scopes: ['notes:read'] })
  expect((await token({ username: email, password, scope: 'notes:read admin' })).status).toBe(400)
})
