import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { useServer } from '../support/fixtures.ts'
import { type Answer, ask, form, logIn, register, sessionIdOf, userIdOf } from '../support/people.ts'

const server = useServer()
/** A second server on the same database, as a replica is. */
const replica = useServer(() => ({ db: server.db }))

const revoke = (token: string): Promise<Answer> =>
  ask(server, 'POST', '/auth/revoke', form({ token, token_type_hint: 'access_token' }))
const refresh = (refresh_token: string): Promise<Answer> =>
  ask(replica, 'POST', '/auth/token', form({ grant_type: 'refresh_token', refresh_token }))
const onReplica = (token: string): Promise<Answer> =>
  ask(replica, 'GET', '/users/me', { headers: { Authorization: `Bearer ${token}` } })

test.each(['refreshToken', 'accessToken'] as const)(
  'revokeToken with the %s ends the session on every replica at once',
  async (which) => {
    const ann = await register(server)
    expect((await onReplica(ann.accessToken)).status).toBe(200)
    const gone = await revoke(ann[which])
    expect(gone.status).toBe(200)
    expect(gone.text).toBe('')
    expect((await onReplica(ann.accessToken)).status).toBe(401)
    expect((await refresh(ann.refreshToken)).status).toBe(401)
  },
)

test('revokeToken with a used refresh token ends its session too', async () => {
  const ann = await register(server)
  const next = await refresh(ann.refreshToken)
  expect((await revoke(ann.refreshToken)).status).toBe(200)
  expect((await refresh(String(next.body['refresh_token']))).status).toBe(401)
})

test('revokeToken deletes an API key', async () => {
  const ann = await register(server)
  const made = await ann.ask('POST', '/api-keys', {
    body: { name: 'k', scopes: ['account:read'], current_password: ann.password },
  })
  const key = String(made.body['key'])
  expect((await onReplica(key)).status).toBe(200)
  expect((await revoke(key)).status).toBe(200)
  expect((await onReplica(key)).status).toBe(401)
  expect((await ann.ask('GET', '/users/me')).status).toBe(200)
})

test('revokeToken answers 200 for an unknown token, and again for one that is revoked already', async () => {
  const ann = await register(server)
  for (const token of ['nrt_unknown', 'garbage', 'a.b.c', ann.refreshToken, ann.refreshToken])
    expect((await revoke(token)).status).toBe(200)
})

test('listSessions shows only the live sessions of the caller, the current one, and their origins', async () => {
  const ann = await register(server)
  await register(server)
  const other = await logIn(server, ann.email, ann.password, { scope: 'notes:read' })
  await refresh(other.refreshToken)
  const over = await logIn(server, ann.email, ann.password)
  await revoke(over.refreshToken)
  const rested = await logIn(server, ann.email, ann.password)
  await server.db
    .updateTable('refresh_tokens')
    .set({ expires_at: sql<string>`now()` })
    .where('session_id', '=', sessionIdOf(rested))
    .execute()
  const { list } = await ann.ask('GET', '/users/me/sessions')
  expect(list).toMatchObject([
    { id: sessionIdOf(other), is_current: false, scopes: ['notes:read'], address: '127.0.0.1', user_agent: 'node' },
    { id: sessionIdOf(ann), is_current: true },
  ])
  expect(String(list[0]?.['last_used_at']) > String(list[0]?.['created_at'])).toBe(true)
})

test('revokeSession ends the session named, on every replica at once, and no other', async () => {
  const ann = await register(server)
  const other = await logIn(server, ann.email, ann.password)
  expect((await ann.ask('DELETE', `/users/me/sessions/${sessionIdOf(other)}`)).status).toBe(204)
  expect((await onReplica(other.accessToken)).status).toBe(401)
  expect((await refresh(other.refreshToken)).status).toBe(401)
  expect((await onReplica(ann.accessToken)).status).toBe(200)
  expect((await ann.ask('DELETE', `/users/me/sessions/${sessionIdOf(other)}`)).status).toBe(404)
})

test("another's session cannot be ended and answers like an unknown one", async () => {
  const [ann, bob] = [await register(server), await register(server)]
  const end = (id: string) => bob.ask('DELETE', `/users/me/sessions/${id}`, { headers: { 'X-Request-Id': 'same' } })
  const theirs = await end(sessionIdOf(ann))
  expect(theirs.status).toBe(404)
  expect(theirs.text).toBe((await end(crypto.randomUUID())).text)
  expect((await ann.ask('GET', '/users/me')).status).toBe(200)
})

test('an account has at most 100 sessions: another login ends the oldest', async () => {
  const ann = await register(server)
  await sql`insert into sessions (id, user_id, scope, expires_at)
    select gen_random_uuid(), user_id, scope, expires_at from sessions, generate_series(1, 99)
    where id = ${sessionIdOf(ann)}`.execute(server.db)
  await server.db
    .updateTable('sessions')
    .set({ created_at: sql<string>`now() - interval '1 day'` })
    .where('id', '=', sessionIdOf(ann))
    .execute()
  await logIn(server, ann.email, ann.password)
  expect((await ann.ask('GET', '/users/me')).status).toBe(401)
  const alive = await server.db
    .selectFrom('sessions')
    .select('id')
    .where('user_id', '=', userIdOf(ann))
    .where('ended_at', 'is', null)
    .execute()
  expect(alive).toHaveLength(100)
})
