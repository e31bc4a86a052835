import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { useServer } from '../support/fixtures.ts'
import { type Answer, ask, form, register, sessionIdOf } from '../support/people.ts'

const server = useServer()

function refresh(refreshToken: unknown, extra: Record<string, string> = {}): Promise<Answer> {
  const grant = { grant_type: 'refresh_token', refresh_token: String(refreshToken), ...extra }
  return ask(server, 'POST', '/auth/token', form(grant))
}

function getMe(accessToken: unknown): Promise<Answer> {
  return ask(server, 'GET', '/users/me', { headers: { Authorization: `Bearer ${String(accessToken)}` } })
}

/** Lets the ten seconds pass in which a client may repeat a refresh. */
async function afterTheGrace(): Promise<void> {
  await server.db
    .updateTable('refresh_tokens')
    .set({ used_at: sql`used_at - interval '11 seconds'` })
    .where('used_at', 'is not', null)
    .execute()
}

test('a refresh token is replaced at each use and the new pair works', async () => {
  const person = await register(server)
  const first = await refresh(person.refreshToken)
  expect(first.status).toBe(200)
  expect(first.body['refresh_token']).not.toBe(person.refreshToken)
  expect((await getMe(first.body['access_token'])).status).toBe(200)
  expect((await refresh(first.body['refresh_token'])).status).toBe(200)
})

test('a used refresh token that turns up again ends its session, although its request is refused', async () => {
  const person = await register(server)
  const next = await refresh(person.refreshToken)
  await afterTheGrace()
  expect((await refresh(person.refreshToken)).status).toBe(401)
  expect((await refresh(next.body['refresh_token'])).status).toBe(401)
  expect((await getMe(next.body['access_token'])).status).toBe(401)
  expect((await person.ask('GET', '/users/me')).status).toBe(401)
})

test('a replay within the grace ends the session too, once the answer is known to have arrived', async () => {
  const person = await register(server)
  const next = await refresh(person.refreshToken)
  const third = await refresh(next.body['refresh_token'])
  expect((await refresh(person.refreshToken)).status).toBe(401)
  expect((await refresh(third.body['refresh_token'])).status).toBe(401)
})

test('a refresh whose answer was lost may be repeated, and gets the same refresh token', async () => {
  const person = await register(server)
  const lost = await refresh(person.refreshToken)
  for (const retried of [await refresh(person.refreshToken), await refresh(person.refreshToken)]) {
    expect(retried.status).toBe(200)
    expect(retried.body['refresh_token']).toBe(lost.body['refresh_token'])
    expect((await getMe(retried.body['access_token'])).status).toBe(200)
  }
  expect((await refresh(lost.body['refresh_token'])).status).toBe(200)
})

test('three tabs that refresh at once stay logged in, also the next time', async () => {
  let { refreshToken }: { refreshToken: unknown } = await register(server)
  for (let time = 1; time <= 3; time += 1) {
    const answers = await Promise.all(Array.from({ length: 3 }, () => refresh(refreshToken)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    for (const { body } of answers) expect((await getMe(body['access_token'])).status).toBe(200)
    expect(new Set(answers.map(({ body }) => body['refresh_token'])).size).toBe(1)
    refreshToken = answers[0]?.body['refresh_token']
  }
})

test('10 parallel refreshes of one token never leave two living branches', async () => {
  const person = await register(server)
  const answers = await Promise.all(Array.from({ length: 10 }, () => refresh(person.refreshToken)))
  expect(answers.every(({ status }) => status === 200)).toBe(true)
  expect(new Set(answers.map(({ body }) => body['refresh_token'])).size).toBe(1)
  const living = server.db.selectFrom('refresh_tokens').select('token_hash').where('used_at', 'is', null)
  const sessionId = sessionIdOf(person)
  expect(await living.where('session_id', '=', sessionId).execute()).toHaveLength(1)
})

test('a refresh that is refused for its scope is no use of the token', async () => {
  const person = await register(server, { scope: 'notes:read' })
  const [first] = [await refresh(person.refreshToken)]
  expect((await refresh(person.refreshToken, { scope: 'notes:write' })).status).toBe(400)
  expect((await refresh(person.refreshToken)).body['refresh_token']).toBe(first.body['refresh_token'])
})

test('a stolen token that was used before the grace ended is found out at the next refresh', async () => {
  const person = await register(server)
  const stolen = await refresh(person.refreshToken)
  const own = await refresh(person.refreshToken)
  expect((await refresh(stolen.body['refresh_token'])).status).toBe(200)
  await afterTheGrace()
  expect((await refresh(own.body['refresh_token'])).status).toBe(401)
  expect((await getMe(stolen.body['access_token'])).status).toBe(401)
})

test('only hashes of refresh tokens are stored', async () => {
  const person = await register(server)
  const rows = await server.db.selectFrom('refresh_tokens').selectAll().execute()
  expect(JSON.stringify(rows)).not.toContain(person.refreshToken)
  expect(rows.some(({ token_hash }) => token_hash.length === 32)).toBe(true)
})

test('a session ends 90 days after its login and its tokens when they rested too long', async () => {
  const rested = await register(server)
  await server.db
    .updateTable('refresh_tokens')
    .set({ expires_at: sql`now() - interval '1 second'` })
    .execute()
  expect((await refresh(rested.refreshToken)).status).toBe(401)
  const old = await register(server)
  await server.db
    .updateTable('sessions')
    .set({ expires_at: sql`now() - interval '1 second'` })
    .execute()
  expect((await refresh(old.refreshToken)).status).toBe(401)
  expect((await old.ask('GET', '/users/me')).status).toBe(401)
})

test('a refresh gives less when asked, never more than its session has', async () => {
  const person = await register(server, { scope: 'notes:read account:read' })
  const narrowed = await refresh(person.refreshToken, { scope: 'notes:read' })
  expect(narrowed.body['scope']).toBe('notes:read')
  expect((await getMe(narrowed.body['access_token'])).status).toBe(403)
  const widened = await refresh(narrowed.body['refresh_token'], { scope: 'notes:write' })
  expect([widened.status, widened.body['error']]).toEqual([400, 'invalid_scope'])
  // What was refused is not used up.
  expect((await refresh(narrowed.body['refresh_token'])).status).toBe(200)
})

test('tokens are refused in a URL', async () => {
  const person = await register(server)
  expect((await ask(server, 'GET', `/notes?access_token=${person.accessToken}`)).status).toBe(401)
  expect((await person.ask('GET', `/notes?access_token=${person.accessToken}`)).status).toBe(422)
})
