import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { createAuthenticate } from '../../src/auth/bearer.ts'
import { findEndedCallers } from '../../src/auth/ended-callers.ts'
import { setActive } from '../../src/auth/operator.ts'
import { createTokens } from '../../src/auth/tokens.ts'
import type { Caller } from '../../src/contract/types.ts'
import { useDatabase, useServer } from '../support/fixtures.ts'
import { type ApiKey, ask, enrol, form, newKey, type Person, sessionIdOf, userIdOf } from '../support/people.ts'
import { plansOf } from '../support/plans.ts'
import { SECRET_KEY } from '../support/server.ts'

const database = useDatabase()
const server = useServer(() => ({ db: database.db }))

/** The caller of a credential, as an event stream holds it. */
const callerOf = (credential: string): Promise<Caller> =>
  createAuthenticate(database.db, server.tokens)(`Bearer ${credential}`)

const endings: [string, (ann: Person, key: ApiKey) => Promise<unknown>, { session: boolean; key: boolean }][] = [
  ['no change', async () => undefined, { session: false, key: false }],
  [
    'a logout',
    ({ accessToken }) => ask(server, 'POST', '/auth/revoke', form({ token: accessToken })),
    { session: true, key: false },
  ],
  [
    'the revocation of a session',
    (ann) => ann.ask('DELETE', `/users/me/sessions/${sessionIdOf(ann)}`),
    { session: true, key: false },
  ],
  [
    'the end of the time of a session',
    (ann) => sql`update sessions set expires_at = now() where id = ${sessionIdOf(ann)}`.execute(server.db),
    { session: true, key: false },
  ],
  ['the deletion of a key', (ann, { id }) => ann.ask('DELETE', `/api-keys/${id}`), { session: false, key: true }],
  [
    'the expiry of a key',
    (_, { id }) => sql`update api_keys set expires_at = now() where id = ${id}`.execute(server.db),
    { session: false, key: true },
  ],
  ['the disabling of an account', (ann) => setActive(database.db, userIdOf(ann), false), { session: true, key: true }],
  [
    'the disabling of an account whose session has not ended',
    (ann) => sql`update users set is_active = false where id = ${userIdOf(ann)}`.execute(server.db),
    { session: true, key: true },
  ],
  [
    'the deletion of an account',
    (ann) => ann.ask('DELETE', '/users/me', { body: { current_password: ann.password } }),
    { session: true, key: true },
  ],
]

test.each(endings)(
  'after %s, exactly the callers whose credential has ended are reported',
  async (_, end, expected) => {
    const [ann, bob] = [await enrol(server), await enrol(server)]
    const [annsKey, bobsKey] = [await newKey(ann), await newKey(bob)]
    const [session, key] = [await callerOf(ann.accessToken), await callerOf(annsKey.key)]
    const others = [await callerOf(bob.accessToken), await callerOf(bobsKey.key)]
    await end(ann, annsKey)
    const ended = await findEndedCallers(database.db, [session, ...others, key])
    expect({ session: ended.has(session), key: ended.has(key) }).toEqual(expected)
    expect(others.some((other) => ended.has(other))).toBe(false)
  },
)

test('the caller of an expired token has ended, although its session is live and requests tolerate it', async () => {
  const ann = await enrol(server)
  const claims = { userId: userIdOf(ann), sessionId: sessionIdOf(ann), scope: 'notes:read' }
  const [past, good] = [
    await callerOf(await createTokens([SECRET_KEY], -1).sign(claims)),
    await callerOf(ann.accessToken),
  ]
  expect(await findEndedCallers(database.db, [past, good])).toEqual(new Set([past]))
})

test('two callers with one ended credential are both reported, and of no callers none is', async () => {
  const ann = await enrol(server)
  const twice = [await callerOf(ann.accessToken), await callerOf(ann.accessToken)]
  await setActive(database.db, userIdOf(ann), false)
  expect(await findEndedCallers(database.db, twice)).toEqual(new Set(twice))
  expect(await findEndedCallers(database.db, [])).toEqual(new Set())
})

test('the caller of an API key knows when the key expires', async () => {
  const { key, expiresAt } = await newKey(await enrol(server))
  expect((await callerOf(key)).expiresAt).toBe(Date.parse(expiresAt))
})

test('many callers are checked in one statement, by indexes', async () => {
  const ann = await enrol(server)
  const key = await newKey(ann)
  await sql`insert into users (id, email, email_key, password_hash)
    select gen_random_uuid(), n || '@example.org', n || '@example.org', '' from generate_series(1, 3000) n`.execute(
    server.db,
  )
  await sql`insert into sessions (id, user_id, scope, expires_at)
    select gen_random_uuid(), id, '', now() + interval '1 day' from users`.execute(server.db)
  await sql`insert into api_keys (id, user_id, name, key_hash, hint, scope, expires_at)
    select gen_random_uuid(), id, '', decode(md5(id::text), 'hex'), '', '', now() + interval '1 d' from users`.execute(
    server.db,
  )
  for (const table of ['users', 'sessions', 'api_keys'])
    await sql`vacuum analyze ${sql.table(table)}`.execute(server.db)
  const [session, keyCaller] = [await callerOf(ann.accessToken), await callerOf(key.key)]
  const callers = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? session : keyCaller))
  const plans = await plansOf(database.connection, (db) => findEndedCallers(db, callers))
  expect(plans).toHaveLength(1)
  const lines = plans[0]?.lines.join('\n')
  expect(lines).not.toContain('Seq Scan')
  for (const index of ['sessions_pkey', 'api_keys_pkey', 'users_pkey']) expect(lines).toContain(index)
})
