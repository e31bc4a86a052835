import { sql } from 'kysely'
import { beforeAll, beforeEach, expect, test } from 'vitest'
import { hashPassword } from '../../src/auth/password/passwords.ts'
import { resetPassword, revokeSessions, setActive } from '../../src/auth/operator.ts'
import { useServer } from '../support/fixtures.ts'
import {
  type Answer,
  ask,
  askForKey,
  enrol,
  form,
  logIn,
  newKey,
  type Person,
  sessionIdOf,
  userIdOf,
} from '../support/people.ts'
import { CHEAP } from '../support/server.ts'

const server = useServer({ isRecorded: false })

/** While armed, the next insert fails as a serialization conflict does, and later ones succeed. */
beforeAll(async () => {
  await sql`create sequence inserts`.execute(server.db)
  await sql`
    create function fail_first() returns trigger language plpgsql as $$ begin
      if nextval('inserts') = 1 then raise sqlstate '40001' using message = 'planted'; end if;
      return new;
    end $$`.execute(server.db)
  for (const table of ['security_events', 'refresh_tokens'])
    await sql`create trigger fail_first before insert on ${sql.table(table)}
      for each row execute function fail_first()`.execute(server.db)
  await arm(false)
})
beforeEach(() => arm(false))

/** A sequence is not rolled back with its transaction, so exactly one attempt fails. */
async function arm(isArmed: boolean): Promise<void> {
  await sql`select setval('inserts', ${isArmed ? 1 : 2}, false)`.execute(server.db)
}

async function hasFailedOnce(): Promise<boolean> {
  const { rows } = await sql<{ count: number }>`select last_value::int as count from inserts`.execute(server.db)
  return (rows[0]?.count ?? 0) > 1
}

async function eventsOf(person: Person, type: string): Promise<number> {
  const events = server.db.selectFrom('security_events').select('id')
  return (await events.where('user_id', '=', userIdOf(person)).where('type', '=', type).execute()).length
}

async function hasEnded(person: Person): Promise<boolean> {
  const session = server.db.selectFrom('sessions').select('ended_at').where('id', '=', sessionIdOf(person))
  return (await session.executeTakeFirstOrThrow()).ended_at !== null
}

function post(path: string, fields: Record<string, string>): Promise<Answer> {
  return ask(server, 'POST', path, form(fields))
}
const refresh = (refresh_token: string) => post('/auth/token', { grant_type: 'refresh_token', refresh_token })

const operations: [string, number, string, (ann: Person) => Promise<() => Promise<Answer>>][] = [
  [
    'createToken',
    200,
    'login',
    async (ann) => () => post('/auth/token', { username: ann.email, password: ann.password }),
  ],
  ['revokeToken', 200, 'session_revoked', async (ann) => () => post('/auth/revoke', { token: ann.refreshToken })],
  [
    'revokeSession',
    204,
    'session_revoked',
    async (ann) => () => ann.ask('DELETE', `/users/me/sessions/${sessionIdOf(ann)}`),
  ],
  ['createApiKey', 201, 'api_key_created', async (ann) => () => askForKey(ann)],
  [
    'revokeApiKey',
    204,
    'api_key_revoked',
    async (ann) => {
      const { id } = await newKey(ann)
      return () => ann.ask('DELETE', `/api-keys/${id}`)
    },
  ],
  [
    'updateMe',
    200,
    'email_changed',
    async (ann) => () =>
      ann.ask('PATCH', '/users/me', {
        body: { email: `new-${crypto.randomUUID()}@example.com`, current_password: ann.password },
      }),
  ],
  [
    'changePassword',
    204,
    'password_changed',
    async (ann) => () =>
      ann.ask('PUT', '/users/me/password', {
        body: { current_password: ann.password, new_password: 'a longer and better one' },
      }),
  ],
]

test.each(operations)(
  '%s runs its transaction again after a serialization conflict: it succeeds, and records one event',
  async (_, status, type, prepare) => {
    const ann = await enrol(server)
    const run = await prepare(ann)
    const before = await eventsOf(ann, type)
    await arm(true)
    expect((await run()).status).toBe(status)
    expect(await hasFailedOnce()).toBe(true)
    expect((await eventsOf(ann, type)) - before).toBe(1)
  },
)

test('registerUser makes one account, and one event, after a serialization conflict', async () => {
  const email = `person-${crypto.randomUUID()}@example.com`
  await arm(true)
  expect((await ask(server, 'POST', '/auth/register', { body: { email, password: 'securepass123' } })).status).toBe(201)
  expect(await hasFailedOnce()).toBe(true)
  expect(await eventsOf(await logIn(server, email, 'securepass123'), 'registered')).toBe(1)
})

test('deleteMe deletes the account after a serialization conflict, and records that once', async () => {
  const ann = await enrol(server)
  const deletions = async () =>
    (await server.db.selectFrom('security_events').select('id').where('type', '=', 'account_deleted').execute()).length
  const before = await deletions()
  await arm(true)
  const answer = await ann.ask('DELETE', '/users/me', { body: { current_password: ann.password } })
  expect(answer.status).toBe(204)
  expect(await hasFailedOnce()).toBe(true)
  expect(await deletions()).toBe(before + 1)
  expect((await ann.ask('GET', '/users/me')).status).toBe(401)
})

test('a refresh after a serialization conflict uses up one token and gives one', async () => {
  const ann = await enrol(server)
  await arm(true)
  const next = await refresh(ann.refreshToken)
  expect(next.status).toBe(200)
  expect(await hasFailedOnce()).toBe(true)
  const tokens = server.db.selectFrom('refresh_tokens').select('used_at').where('session_id', '=', sessionIdOf(ann))
  const used = (await tokens.execute()).filter(({ used_at }) => used_at !== null)
  expect(await tokens.execute()).toHaveLength(2)
  expect(used).toHaveLength(1)
  expect((await refresh(String(next.body['refresh_token']))).status).toBe(200)
})

test('reuse of a refresh token ends its session although the request is refused, after a conflict too', async () => {
  const ann = await enrol(server)
  const second = await refresh(ann.refreshToken)
  const third = await refresh(String(second.body['refresh_token']))
  await arm(true)
  expect((await refresh(ann.refreshToken)).status).toBe(401)
  expect(await hasFailedOnce()).toBe(true)
  expect(await hasEnded(ann)).toBe(true)
  expect(await eventsOf(ann, 'refresh_token_reused')).toBe(1)
  expect((await refresh(String(third.body['refresh_token']))).status).toBe(401)
})

test.each([
  ['operator_disabled_account', (userId: string) => setActive(server.db, userId, false)],
  ['operator_reset_password', async (id: string) => resetPassword(server.db, id, await hashPassword('new', CHEAP))],
  ['operator_revoked_sessions', (userId: string) => revokeSessions(server.db, userId)],
])(
  '%s: a command of the operator takes effect after a serialization conflict, and is recorded once',
  async (type, run) => {
    const ann = await enrol(server)
    await arm(true)
    await run(userIdOf(ann))
    expect(await hasFailedOnce()).toBe(true)
    expect(await eventsOf(ann, type)).toBe(1)
    expect(await hasEnded(ann)).toBe(true)
  },
)
