import { sql } from 'kysely'
import { ask, enrol, logIn, type Person, sessionIdOf, userIdOf } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { effect, type Effect, type Seen, type State } from './effect.ts'
import { succeed, withKey } from './states.ts'
import { token } from './tokens.ts'

interface Two extends State {
  readonly other: Person
}

const days = (from: unknown, to: unknown) =>
  Math.round((Date.parse(String(to)) - Date.parse(String(from))) / 3_600_000) / 24

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

const all = ['account:read', 'account:write', 'keys:write', 'notes:read', 'notes:write', 'notes:erase']

export const sessionEffects: readonly Effect[] = [
  effect('listSessions', 'state', {
    given: async (server, sent) => {
      const state = await twoSessions(server)
      return { ...state, credential: (sent === 'the older one' ? state.person : state.other).accessToken }
    },
    sees: ({ answer, state }) => {
      const nameOf = (id: unknown) =>
        id === sessionIdOf(state.person) ? 'older' : id === sessionIdOf(state.other) ? 'newer' : 'unknown'
      return answer.list.map(
        ({ id, is_current, scopes }) => `${nameOf(id)} ${String(is_current)} ${String((scopes as string[]).length)}`,
      )
    },
    samples: [
      ['the older one', ['newer false 6', 'older true 2']],
      ['the newer one', ['newer true 6', 'older false 2']],
    ],
  }),
  effect('listSessions', 'state', {
    given: async (server, sent) => {
      const person = await enrol(server)
      const id = sessionIdOf(person)
      if (sent === 'a day old')
        await sql`update sessions set created_at = created_at - interval '1 day' where id = ${id}`.execute(server.db)
      if (sent === 'refreshed') await token(server, { grant_type: 'refresh_token', refresh_token: person.refreshToken })
      if (sent === 'without an address')
        await sql`update sessions set address = null where id = ${id}`.execute(server.db)
      if (sent !== 'elsewhere') return { person }
      const headers = {
        'Content-Type': 'application/x-www-form-urlencoded',
        'X-Forwarded-For': '2001:db8:1:2::7',
        'User-Agent': 'curl/8',
      }
      const body = new URLSearchParams({
        username: person.email,
        password: person.password,
        scope: 'account:read',
      }).toString()
      const { body: grant } = await succeed(ask(server, 'POST', '/auth/token', { body, headers }))
      return { person, credential: String(grant['access_token']) }
    },
    sees: newest,
    samples: [
      ['new', { scopes: all, address: '127.0.0.1', user_agent: null, hours: 1, isUsed: false }],
      ['refreshed', { scopes: all, address: '127.0.0.1', user_agent: null, hours: 1, isUsed: true }],
      ['a day old', { scopes: all, address: '127.0.0.1', user_agent: null, hours: 25, isUsed: true }],
      ['without an address', { scopes: all, address: null, user_agent: null, hours: 1, isUsed: false }],
      [
        'elsewhere',
        { scopes: ['account:read'], address: '2001:db8:1:2::/64', user_agent: 'curl/8', hours: 1, isUsed: false },
      ],
    ],
  }),
  effect('listSessions', 'state', {
    given: async (server, sent) => {
      const person = await enrol(server)
      const { key } = await withKey(person, ['account:read'])
      if (sent === 'logged out') await succeed(person.ask('DELETE', `/users/me/sessions/${sessionIdOf(person)}`))
      if (sent === 'expired')
        await sql`update sessions set expires_at = now() where user_id = ${userIdOf(person)}`.execute(server.db)
      return { person, credential: key }
    },
    sees: ({ answer }) => answer.list.map(({ is_current }) => is_current),
    samples: [
      ['logged in', [false]],
      ['logged out', []],
      ['expired', []],
    ],
  }),
  effect('revokeSession', 'path session_id', {
    given: twoSessions,
    sees: async ({ state }) => ({
      older: (await state.person.ask('GET', '/users/me')).status,
      newer: (await state.other.ask('GET', '/users/me')).status,
    }),
    samples: [
      [({ person }) => sessionIdOf(person), { older: 401, newer: 200 }],
      [({ other }) => sessionIdOf(other), { older: 200, newer: 401 }],
    ],
  }),
]
