import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { allRows } from '../contract/harness/database-rows.ts'
import { useServer } from '../support/fixtures.ts'
import { type Answer, ask, form, logIn, newKey, register, sessionIdOf, userIdOf } from '../support/people.ts'

const server = useServer()

function tryLogIn(username: string, password: string): Promise<Answer> {
  return ask(server, 'POST', '/auth/token', form({ username, password }))
}

function refresh(refreshToken: string): Promise<Answer> {
  return ask(server, 'POST', '/auth/token', form({ grant_type: 'refresh_token', refresh_token: refreshToken }))
}

const newEmail = (): string => `New.${crypto.randomUUID()}@Example.com`

test('updateMe changes the address to log in with, and sessions stay alive', async () => {
  const ann = await register(server)
  const email = newEmail()
  const changed = await ann.ask('PATCH', '/users/me', { body: { email, current_password: ann.password } })
  expect(changed.status).toBe(200)
  expect(changed.body['email']).toBe(email)
  expect((await ann.ask('GET', '/users/me')).body).toEqual(changed.body)
  expect((await tryLogIn(email.toLowerCase(), ann.password)).status).toBe(200)
  expect((await tryLogIn(ann.email, ann.password)).status).toBe(401)
})

test("updateMe refuses another's address, whatever its case, and changes nothing", async () => {
  const [ann, bob] = [await register(server), await register(server)]
  const refused = await ann.ask('PATCH', '/users/me', {
    body: { email: bob.email.toUpperCase(), current_password: ann.password },
  })
  expect(refused.status).toBe(409)
  expect((await ann.ask('GET', '/users/me')).body['email']).toBe(ann.email)
  const events = (await ann.ask('GET', '/users/me/security-events')).list.map(({ type }) => type)
  expect(events).not.toContain('email_changed')
})

test('10 parallel updateMe to one address: one account has it', async () => {
  const people = await Promise.all(Array.from({ length: 10 }, () => register(server)))
  const email = newEmail()
  const answers = await Promise.all(
    people.map((one) => one.ask('PATCH', '/users/me', { body: { email, current_password: one.password } })),
  )
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  expect(answers.filter(({ status }) => status === 409)).toHaveLength(9)
})

test('changePassword ends all other sessions and all API keys, but not its own session', async () => {
  const ann = await register(server)
  const other = await logIn(server, ann.email, ann.password)
  const { key } = await newKey(ann)
  const keyHeader = { headers: { Authorization: `Bearer ${key}` } }
  expect((await other.ask('GET', '/notes')).status).toBe(200)
  expect((await ask(server, 'GET', '/notes', keyHeader)).status).toBe(200)

  const body = { current_password: ann.password, new_password: 'a longer and better one' }
  expect((await ann.ask('PUT', '/users/me/password', { body })).status).toBe(204)

  expect((await other.ask('GET', '/notes')).status).toBe(401)
  expect((await refresh(other.refreshToken)).status).toBe(401)
  expect((await ask(server, 'GET', '/notes', keyHeader)).status).toBe(401)
  expect((await ann.ask('GET', '/notes')).status).toBe(200)
  expect((await refresh(ann.refreshToken)).status).toBe(200)
  expect((await tryLogIn(ann.email, ann.password)).status).toBe(401)
  expect((await tryLogIn(ann.email, 'a longer and better one')).status).toBe(200)
})

test('changePassword keeps API keys if revoke_api_keys is false', async () => {
  const ann = await register(server)
  const { key } = await newKey(ann)
  const body = { current_password: ann.password, new_password: 'a longer and better one', revoke_api_keys: false }
  expect((await ann.ask('PUT', '/users/me/password', { body })).status).toBe(204)
  const headers = { Authorization: `Bearer ${key}` }
  expect((await ask(server, 'GET', '/notes', { headers })).status).toBe(200)
})

test('of two parallel changes of a password, one succeeds and the other has a wrong current password', async () => {
  const ann = await register(server)
  const change = (new_password: string) =>
    ann.ask('PUT', '/users/me/password', { body: { current_password: ann.password, new_password } })
  const answers = await Promise.all([change('the first new password'), change('the second new password')])
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 422])
})

test('a login with the old password, in parallel with its change, leaves no valid session', async () => {
  const ann = await register(server)
  const body = { current_password: ann.password, new_password: 'a longer and better one' }
  const [changed, ...logins] = await Promise.all([
    ann.ask('PUT', '/users/me/password', { body }),
    ...Array.from({ length: 6 }, () => tryLogIn(ann.email, ann.password)),
  ])
  expect(changed?.status).toBe(204)
  for (const { status, body: granted } of logins) {
    if (status !== 200) continue
    const headers = { Authorization: `Bearer ${String(granted['access_token'])}` }
    expect((await ask(server, 'GET', '/users/me', { headers })).status).toBe(401)
    expect((await refresh(String(granted['refresh_token']))).status).toBe(401)
  }
  expect((await ann.ask('GET', '/users/me/sessions')).list).toHaveLength(1)
})

test.each([
  ['PATCH', '/users/me', { email: 'stolen@example.com' }],
  ['DELETE', '/users/me', {}],
  ['PUT', '/users/me/password', { new_password: 'a longer and better one' }],
  ['POST', '/api-keys', { name: 'k', scopes: ['notes:read'] }],
])(
  '%s %s with a wrong current password is a 422 at its field and changes only the list of events',
  async (method, path, fields) => {
    const ann = await register(server)
    const before = await allRows(server.db)
    const refused = await ann.ask(method, path, { body: { ...fields, current_password: 'not the password' } })
    expect(refused.status).toBe(422)
    const msg = 'Is not the current password.'
    expect(refused.body['errors']).toEqual([
      { loc: ['body', 'current_password'], pointer: '/current_password', msg, type: 'password_wrong' },
    ])
    const after = new Set(await allRows(server.db))
    expect(before.filter((row) => !after.has(row))).toEqual([])
    const [latest] = (await ann.ask('GET', '/users/me/security-events')).list
    expect(latest).toMatchObject({ type: 'login_failed', address: '127.0.0.1' })
  },
)

test('deleteMe leaves no trace of the account in any table, and its address is free again', async () => {
  const ann = await register(server)
  await ann.ask('POST', '/notes', { body: { title: 'a canary title', content: 'a canary text' } })
  await newKey(ann)
  await logIn(server, ann.email, ann.password)
  await tryLogIn(ann.email, 'not the password')
  const userId = userIdOf(ann)
  const traces = [userId, ann.email, 'a canary title', sessionIdOf(ann)]
  const found = async (): Promise<string[]> =>
    (await allRows(server.db)).filter((row) => traces.some((trace) => row.includes(trace)))
  expect((await found()).length).toBeGreaterThan(5)

  // Keyed hashes, in which no trace can be looked for: there is one less of them.
  const known = async () => (await server.db.selectFrom('known_addresses').select('account').execute()).length
  const knownBefore = await known()
  const gone = await ann.ask('DELETE', '/users/me', { body: { current_password: ann.password } })
  expect(gone.status).toBe(204)
  expect(await found()).toEqual([])
  expect(await known()).toBe(knownBefore - 1)
  expect((await ann.ask('GET', '/users/me')).status).toBe(401)
  expect((await refresh(ann.refreshToken)).status).toBe(401)
  expect((await tryLogIn(ann.email, ann.password)).status).toBe(401)
  const again = await ask(server, 'POST', '/auth/register', { body: { email: ann.email, password: ann.password } })
  expect(again.status).toBe(201)
})

test('an account with 20 000 notes is deleted in one transaction, within the statement timeout', async () => {
  const ann = await register(server)
  const userId = userIdOf(ann)
  await sql`insert into notes (id, owner_id, title, content)
    select gen_random_uuid(), ${userId}, 'title', repeat('text ', 400) from generate_series(1, 20000)`.execute(
    server.db,
  )
  expect((await ann.ask('DELETE', '/users/me', { body: { current_password: ann.password } })).status).toBe(204)
})
