import { sql } from 'kysely'
import { insertAccount } from '../../../src/auth/accounts.ts'
import { resetPassword, revokeSessions, setActive } from '../../../src/auth/operator.ts'
import { hashPassword } from '../../../src/auth/passwords.ts'
import { nextOf } from '../../notes/new-note.ts'
import { ask, enrol, logIn, type Person } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { effect, type Effect, type Seen, type State } from './effect.ts'
import { column, cursorAfter, sessionOf, succeed, userOf, withKey } from './states.ts'
import { token } from './tokens.ts'

interface Two extends State {
  readonly other: Person
}

const days = (from: unknown, to: unknown) => Math.round((Date.parse(String(to)) - Date.parse(String(from))) / 3_600_000) / 24

async function twoSessions(server: TestServer): Promise<Two> {
  const person = await enrol(server, { scope: 'account:read account:write' })
  return { person, other: await logIn(server, person.email, person.password) }
}

/** What is shown of the newest session. */
const newest = ({ answer: { list } }: Seen<State>) => {
  const { scopes, address, user_agent, created_at, last_used_at, expires_at } = list[0] ?? {}
  const hours = Math.round(24 * days(created_at, expires_at))
  return { scopes, address, user_agent, hours, isUsed: String(last_used_at) > String(created_at) }
}

const all = ['account:read', 'account:write', 'keys:write', 'notes:read', 'notes:write']

const sessions: Effect[] = [
  effect('listSessions', 'state', {
    given: async (server, sent) => {
      const state = await twoSessions(server)
      return { ...state, credential: (sent === 'the older one' ? state.person : state.other).accessToken }
    },
    sees: ({ answer, state }) => {
      const nameOf = (id: unknown) => (id === sessionOf(state.person) ? 'older' : id === sessionOf(state.other) ? 'newer' : 'unknown')
      return answer.list.map(({ id, is_current, scopes }) => `${nameOf(id)} ${String(is_current)} ${String((scopes as string[]).length)}`)
    },
    samples: [
      ['the older one', ['newer false 5', 'older true 2']],
      ['the newer one', ['newer true 5', 'older false 2']],
    ],
  }),
  effect('listSessions', 'state', {
    given: async (server, sent) => {
      const person = await enrol(server)
      const id = sessionOf(person)
      if (sent === 'a day old')
        await sql`update sessions set created_at = created_at - interval '1 day' where id = ${id}`.execute(server.db)
      if (sent === 'refreshed') await token(server, { grant_type: 'refresh_token', refresh_token: person.refreshToken })
      if (sent === 'without an address') await sql`update sessions set address = null where id = ${id}`.execute(server.db)
      if (sent !== 'elsewhere') return { person }
      const headers = { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Forwarded-For': '2001:db8:1:2::7', 'User-Agent': 'curl/8' }
      const body = new URLSearchParams({ username: person.email, password: person.password, scope: 'account:read' }).toString()
      const { body: grant } = await succeed(ask(server, 'POST', '/auth/token', { body, headers }))
      return { person, credential: String(grant['access_token']) }
    },
    sees: newest,
    samples: [
      ['new', { scopes: all, address: '127.0.0.1', user_agent: null, hours: 1, isUsed: false }],
      ['refreshed', { scopes: all, address: '127.0.0.1', user_agent: null, hours: 1, isUsed: true }],
      ['a day old', { scopes: all, address: '127.0.0.1', user_agent: null, hours: 25, isUsed: true }],
      ['without an address', { scopes: all, address: null, user_agent: null, hours: 1, isUsed: false }],
      ['elsewhere', { scopes: ['account:read'], address: '2001:db8:1:2::/64', user_agent: 'curl/8', hours: 1, isUsed: false }],
    ],
  }),
  effect('revokeSession', 'path session_id', {
    given: twoSessions,
    sees: async ({ state }) => ({
      older: (await state.person.ask('GET', '/users/me')).status,
      newer: (await state.other.ask('GET', '/users/me')).status,
    }),
    samples: [
      [({ person }) => sessionOf(person), { older: 401, newer: 200 }],
      [({ other }) => sessionOf(other), { older: 200, newer: 401 }],
    ],
  }),
]

/** Somebody to whom everything has happened that there are events for. */
async function eventful(server: TestServer): Promise<State> {
  const email = `Eventful-${crypto.randomUUID()}@example.com`
  const [first, second, third] = ['the first password', 'the second password', 'the third password']
  const passwordHash = await hashPassword(first)
  const account = await insertAccount(server.db, { email, passwordHash }, { type: 'operator_created_account', address: undefined })
  if (account === undefined) throw new Error('The e-mail is taken')
  await token(server, { username: email, password: 'not the password' })
  const person = await logIn(server, email, first)
  const { id } = await withKey(person)
  await succeed(person.ask('DELETE', `/api-keys/${id}`))
  await succeed(person.ask('PATCH', '/users/me', { body: { email: `new-${email}`, current_password: first } }))
  await succeed(person.ask('PUT', '/users/me/password', { body: { current_password: first, new_password: second } }))
  const next = await token(server, { grant_type: 'refresh_token', refresh_token: person.refreshToken })
  await token(server, { grant_type: 'refresh_token', refresh_token: String(next.body['refresh_token']) })
  await token(server, { grant_type: 'refresh_token', refresh_token: person.refreshToken })
  await setActive(server.db, account.id, false)
  await setActive(server.db, account.id, true)
  await revokeSessions(server.db, account.id)
  await resetPassword(server.db, account.id, await hashPassword(third))
  const again = await logIn(server, `new-${email}`, third)
  const other = await logIn(server, `new-${email}`, third)
  await succeed(again.ask('DELETE', `/users/me/sessions/${sessionOf(other)}`))
  return { person: again }
}

const happened = [
  'session_revoked 127.0.0.1 of one',
  'login 127.0.0.1 of one',
  'login 127.0.0.1 of one',
  'operator_reset_password null',
  'operator_revoked_sessions null',
  'operator_enabled_account null',
  'operator_disabled_account null',
  'refresh_token_reused 127.0.0.1 of one',
  'password_changed 127.0.0.1',
  'email_changed 127.0.0.1',
  'api_key_revoked 127.0.0.1 of one',
  'api_key_created 127.0.0.1 of one',
  'login 127.0.0.1 of one',
  'login_failed 127.0.0.1',
  'operator_created_account null',
]

const page = ({ answer }: Seen<State>) => ({
  events: answer.list.map(({ type, address, subject_id }) => `${String(type)} ${String(address)}${subject_id === null ? '' : ' of one'}`),
  isLast: nextOf(answer.headers) === undefined,
})

const events: Effect[] = [
  effect('listSecurityEvents', 'query limit', {
    given: eventful,
    sees: page,
    samples: [
      [undefined, { events: happened, isLast: true }],
      [1, { events: happened.slice(0, 1), isLast: false }],
      [14, { events: happened.slice(0, 14), isLast: false }],
    ],
  }),
  effect('listSecurityEvents', 'query limit', {
    given: async (server) => {
      const person = await enrol(server)
      await sql`insert into security_events (id, user_id, type, address, created_at)
        select gen_random_uuid(), ${userOf(person)}, 'email_changed', '10.0.0.' || n, now() - n * interval '1 second'
        from generate_series(1, 120) n`.execute(server.db)
      return { person }
    },
    sees: ({ answer }) => ({ length: answer.list.length, last: column('address')({ answer }).at(-1) }),
    samples: [
      [undefined, { length: 20, last: '10.0.0.18' }],
      [20, { length: 20, last: '10.0.0.18' }],
      [100, { length: 100, last: '10.0.0.98' }],
    ],
  }),
  ...([true, false] as const).map((isLimited) =>
    effect('listSecurityEvents', isLimited ? 'query limit' : 'query cursor', {
      given: async (server) => {
        const { person } = await eventful(server)
        const cursor = await cursorAfter(person, '/users/me/security-events?limit=5')
        return { person, cursor, request: { query: isLimited ? { cursor } : { limit: 5 } } }
      },
      sees: page,
      samples: isLimited
        ? [
            [3, { events: happened.slice(5, 8), isLast: false }],
            [10, { events: happened.slice(5), isLast: true }],
          ]
        : [
            [undefined, { events: happened.slice(0, 5), isLast: false }],
            [({ cursor }) => cursor, { events: happened.slice(5, 10), isLast: false }],
          ],
    }),
  ),
  effect('listSecurityEvents', 'state', {
    given: async (server, sent) => {
      const person = await enrol(server)
      if (sent === 'elsewhere')
        await sql`update security_events set address = '2001:db8::/64' where user_id = ${userOf(person)}`.execute(server.db)
      return { person }
    },
    sees: page,
    samples: [
      ['here', { events: ['login 127.0.0.1 of one', 'registered 127.0.0.1'], isLast: true }],
      ['elsewhere', { events: ['login 2001:db8::/64 of one', 'registered 2001:db8::/64'], isLast: true }],
    ],
  }),
]

export const sessionEffects: readonly Effect[] = [...sessions, ...events]
