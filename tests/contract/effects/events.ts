import { sql } from 'kysely'
import { insertAccount } from '../../../src/auth/account/accounts.ts'
import { resetPassword, revokeSessions, setActive } from '../../../src/auth/operator.ts'
import { hashPassword } from '../../../src/auth/password/passwords.ts'
import { nextOf } from '../../notes/new-note.ts'
import { enrol, logIn, sessionIdOf, userIdOf } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { effect, type Effect, type Seen, type State } from './effect.ts'
import { column, cursorAfter, sharing, succeed, withKey } from './states.ts'
import { token } from './tokens.ts'

interface Eventful extends State {
  readonly cursor: string
}

/** An account with an event of each type, except `registered`. */
async function eventful(server: TestServer): Promise<Eventful> {
  const email = `Eventful-${crypto.randomUUID()}@example.com`
  const [first, second, third] = ['the first password', 'the second password', 'the third password']
  const passwordHash = await hashPassword(first)
  const account = await insertAccount(
    server.db,
    { email, passwordHash },
    { type: 'operator_created_account', address: undefined },
  )
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
  await succeed(again.ask('DELETE', `/users/me/sessions/${sessionIdOf(other)}`))
  return { person: again, cursor: await cursorAfter(again, '/users/me/security-events?limit=5') }
}

const history = sharing(eventful)

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
  events: answer.list.map(
    ({ type, address, subject_id }) => `${String(type)} ${String(address)}${subject_id === null ? '' : ' of one'}`,
  ),
  isLast: nextOf(answer.headers) === undefined,
})

export const eventEffects: readonly Effect[] = [
  effect('listSecurityEvents', 'query limit', {
    given: history(),
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
        select gen_random_uuid(), ${userIdOf(person)}, 'email_changed', '10.0.0.' || n, now() - n * interval '1 second'
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
  effect('listSecurityEvents', 'query limit', {
    given: history(({ cursor }) => ({ query: { cursor } })),
    sees: page,
    samples: [
      [3, { events: happened.slice(5, 8), isLast: false }],
      [10, { events: happened.slice(5), isLast: true }],
    ],
  }),
  effect('listSecurityEvents', 'query cursor', {
    given: history({ query: { limit: 5 } }),
    sees: page,
    samples: [
      [undefined, { events: happened.slice(0, 5), isLast: false }],
      [({ cursor }) => cursor, { events: happened.slice(5, 10), isLast: false }],
    ],
  }),
  effect('listSecurityEvents', 'state', {
    given: async (server, sent) => {
      const person = await enrol(server)
      if (sent === 'long ago')
        await sql`update security_events set created_at = now() - interval '401 days' where user_id = ${userIdOf(person)}`.execute(
          server.db,
        )
      if (sent === 'elsewhere')
        await sql`update security_events set address = '2001:db8::/64' where user_id = ${userIdOf(person)}`.execute(
          server.db,
        )
      return { person }
    },
    sees: page,
    samples: [
      ['long ago', { events: [], isLast: true }],
      ['here', { events: ['login 127.0.0.1 of one', 'registered 127.0.0.1'], isLast: true }],
      ['elsewhere', { events: ['login 2001:db8::/64 of one', 'registered 2001:db8::/64'], isLast: true }],
    ],
  }),
]
