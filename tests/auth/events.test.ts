import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { purge } from '../../src/auth/purge.ts'
import { useServer } from '../support/fixtures.ts'
import { type Answer, ask, form, logIn, type Person, register, sessionIdOf, userIdOf } from '../support/people.ts'

const server = useServer()

const token = (grant: Record<string, string>): Promise<Answer> => ask(server, 'POST', '/auth/token', form(grant))

async function events(person: Person): Promise<readonly Record<string, unknown>[]> {
  const answer = await person.ask('GET', '/users/me/security-events?limit=100')
  expect(answer.status).toBe(200)
  return answer.list
}
const typesOf = async (person: Person): Promise<unknown[]> => (await events(person)).map(({ type }) => type)

test('everything that happens to an account is in its list, newest first, with its place and its subject', async () => {
  const ann = await register(server)
  await token({ username: ann.email, password: 'not the password' })
  const key = await ann.ask('POST', '/api-keys', {
    body: { name: 'k', scopes: ['notes:read'], current_password: ann.password },
  })
  await ann.ask('DELETE', `/api-keys/${String(key.body['id'])}`)
  await ann.ask('PATCH', '/users/me', { body: { email: `new-${ann.email}`, current_password: ann.password } })
  await ann.ask('PUT', '/users/me/password', {
    body: { current_password: ann.password, new_password: 'a longer and better one' },
  })
  const other = await logIn(server, `new-${ann.email}`, 'a longer and better one')
  await ann.ask('DELETE', `/users/me/sessions/${sessionIdOf(other)}`)

  const list = await events(ann)
  expect(list.map(({ type }) => type)).toEqual([
    'session_revoked',
    'login',
    'password_changed',
    'email_changed',
    'api_key_revoked',
    'api_key_created',
    'login_failed',
    'login',
    'registered',
  ])
  expect(list[0]?.['subject_id']).toBe(sessionIdOf(other))
  expect(list[5]?.['subject_id']).toBe(key.body['id'])
  expect(new Set(list.map(({ address }) => address))).toEqual(new Set(['127.0.0.1']))
})

test('a replayed refresh token is in the list, although its request was refused', async () => {
  const ann = await register(server)
  const next = await token({ grant_type: 'refresh_token', refresh_token: ann.refreshToken })
  await token({ grant_type: 'refresh_token', refresh_token: String(next.body['refresh_token']) })
  expect(
    (await token({ grant_type: 'refresh_token', refresh_token: ann.refreshToken, scope: 'nonsense' })).status,
  ).toBe(401)
  const again = await logIn(server, ann.email, ann.password)
  expect((await events(again))[1]).toMatchObject({
    type: 'refresh_token_reused',
    subject_id: sessionIdOf(ann),
  })
})

test('what fails leaves no event: the act and its event are one transaction', async () => {
  const ann = await register(server)
  await sql`alter table security_events add constraint no_more check (type <> 'password_changed') not valid`.execute(
    server.db,
  )
  try {
    const body = { current_password: ann.password, new_password: 'a longer and better one' }
    expect((await ann.ask('PUT', '/users/me/password', { body })).status).toBe(500)
  } finally {
    await sql`alter table security_events drop constraint no_more`.execute(server.db)
  }
  expect((await token({ username: ann.email, password: ann.password })).status).toBe(200)
  expect(await typesOf(ann)).toEqual(['login', 'login', 'registered'])
})

test('no caller sees the events of another account, and a cursor is valid for one list and one account', async () => {
  const [ann, bob] = [await register(server), await register(server)]
  expect(await typesOf(bob)).toEqual(['login', 'registered'])
  const page = await ann.ask('GET', '/users/me/security-events?limit=1')
  const link = /<(.*)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1] ?? ''
  expect((await ann.ask('GET', link)).list).toMatchObject([{ type: 'registered' }])
  expect((await bob.ask('GET', link)).status).toBe(422)
  const cursor = new URLSearchParams(link.split('?')[1]).get('cursor') ?? ''
  expect((await ann.ask('GET', `/notes?cursor=${cursor}`)).status).toBe(422)
  expect((await ann.ask('GET', `/users/me/security-events?cursor=${cursor.slice(0, -2)}xx`)).status).toBe(422)
})

test('strangers who fail to log in cannot push the rest out of the list', async () => {
  const ann = await register(server)
  await sql`insert into security_events (id, user_id, type, created_at)
    select gen_random_uuid(), ${userIdOf(ann)}, 'login_failed', now() from generate_series(1, 400)`.execute(server.db)
  await token({ username: ann.email, password: 'not the password' })
  const count = async (type: string): Promise<number> => {
    const rows = await server.db
      .selectFrom('security_events')
      .select('id')
      .where('user_id', '=', userIdOf(ann))
      .where('type', '=', type)
      .execute()
    return rows.length
  }
  expect(await count('login_failed')).toBe(200)
  expect(await count('registered')).toBe(1)
  await sql`insert into security_events (id, user_id, type, created_at)
    select gen_random_uuid(), ${userIdOf(ann)}, 'api_key_created', now() from generate_series(1, 900)`.execute(
    server.db,
  )
  await logIn(server, ann.email, ann.password)
  expect(await count('api_key_created')).toBe(799)
  expect(await count('login_failed')).toBe(200)
})

test('what is too old is not shown, and is deleted', async () => {
  const ann = await register(server)
  await sql`update security_events set created_at = now() - interval '401 days' where type = 'registered'`.execute(
    server.db,
  )
  expect(await typesOf(ann)).toEqual(['login'])
  await purge(server.db, () => false)
  const left = await server.db.selectFrom('security_events').select('id').where('type', '=', 'registered').execute()
  expect(left).toEqual([])
})
