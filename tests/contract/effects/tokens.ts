import { decodeJwt } from 'jose'
import { scopes as allScopes } from '../../../generated/security.ts'
import type { Json } from '../../../src/contract/document/document.ts'
import { ask, enrol, form, type Person, sessionIdOf, userIdOf } from '../../support/people.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { effect, type Effect, type Seen, type State } from './effect.ts'

const everything = allScopes.join(' ')
export const bearer = (credential: unknown) => ({ headers: { Authorization: `Bearer ${String(credential)}` } })

export function token(server: TestServer, grant: Readonly<Record<string, string>>) {
  return ask(server, 'POST', '/auth/token', form(grant))
}

/** What the new access token can do, what its session stores, and what the next refresh gives. */
async function granted({ answer, server }: Seen<State>): Promise<unknown> {
  const { access_token, scope } = answer.body
  if (answer.status >= 400) return answer.body['error']
  const sid = String(decodeJwt(String(access_token))['sid'])
  const session = await server.db.selectFrom('sessions').select('scope').where('id', '=', sid).executeTakeFirstOrThrow()
  const read = await ask(server, 'GET', '/notes', bearer(access_token))
  const write = await ask(server, 'POST', '/notes', { ...bearer(access_token), body: { title: 'a', content: 'b' } })
  const next = await token(server, { grant_type: 'refresh_token', refresh_token: String(answer.body['refresh_token']) })
  return {
    scope,
    session: session.scope,
    mayRead: read.status === 200,
    mayWrite: write.status === 201,
    next: next.body['scope'],
  }
}

/** A new person whose session has these scopes, and a request that continues it. */
function continuing(scope: string, extra: Readonly<Record<string, Json>> = {}) {
  return async (server: TestServer): Promise<State> => {
    const person = await enrol(server, { scope })
    return { person, request: { body: { grant_type: 'refresh_token', refresh_token: person.refreshToken, ...extra } } }
  }
}

async function loggingIn(server: TestServer): Promise<State> {
  const person = await enrol(server)
  return { person, request: { body: { username: person.email, password: person.password } } }
}

interface Two extends State {
  readonly other: Person
}

async function twoPeople(server: TestServer): Promise<Two> {
  const [person, other] = [
    await enrol(server, { password: 'the same password' }),
    await enrol(server, { password: 'the same password' }),
  ]
  return { person, other, request: { body: { password: 'the same password' } } }
}

const whose = ({ answer, state }: Seen<Two>) => {
  const { sub } = decodeJwt(String(answer.body['access_token']))
  return sub === userIdOf(state.person) ? 'the one' : sub === userIdOf(state.other) ? 'the other' : 'neither'
}

export const ignored = 'Accepted because OAuth clients send it, and ignored'
const inScope = ({ answer }: Seen<State>) => ({ status: answer.status, scope: answer.body['scope'] })

const password: Effect[] = [
  effect('createToken', 'body', {
    given: loggingIn,
    sees: async ({ answer, state, server }) => {
      const { list } = await state.person.ask('GET', '/users/me/sessions')
      const goesOn = decodeJwt(String(answer.body['access_token']))['sid'] === sessionIdOf(state.person)
      const used = await token(server, { grant_type: 'refresh_token', refresh_token: state.person.refreshToken })
      return { sessions: list.length, goesOn, isOldTokenGood: used.status === 200 }
    },
    samples: [
      [
        ({ person }) => ({ username: person.email, password: person.password }),
        { sessions: 2, goesOn: false, isOldTokenGood: true },
      ],
      [
        ({ person }) => ({ grant_type: 'refresh_token', refresh_token: person.refreshToken }),
        // A client that lost the answer may repeat its refresh within ten seconds.
        { sessions: 1, goesOn: true, isOldTokenGood: true },
      ],
    ],
  }),
  effect('createToken', 'body username', {
    given: twoPeople,
    sees: whose,
    samples: [
      [({ person }) => person.email, 'the one'],
      [({ other }) => other.email.toUpperCase(), 'the other'],
    ],
  }),
  effect('createToken', 'body password', {
    guards: true,
    given: loggingIn,
    sees: inScope,
    samples: [
      [({ person }) => person.password, { status: 200, scope: everything }],
      ['another password', { status: 401, scope: undefined }, 401],
    ],
  }),
  effect('createToken', 'body scope', {
    given: loggingIn,
    sees: granted,
    samples: [
      [undefined, { scope: everything, session: everything, mayRead: true, mayWrite: true, next: everything }],
      ['', { scope: everything, session: everything, mayRead: true, mayWrite: true, next: everything }],
      [
        'notes:read',
        { scope: 'notes:read', session: 'notes:read', mayRead: true, mayWrite: false, next: 'notes:read' },
      ],
      ['notes:write account:read', { ...allAre('account:read notes:write'), mayRead: false, mayWrite: true }],
      ['notes:read nonsense', 'invalid_scope', 400],
    ],
  }),
  effect('createToken', 'state', {
    given: async (server, sent) => {
      const brief = await startServer({ db: server.db, accessTokenSeconds: Number(sent) })
      return { ...(await loggingIn(server)), server: brief }
    },
    sees: async ({ answer, state }) => {
      await state.server.stop()
      const { exp = 0, iat = 0 } = decodeJwt(String(answer.body['access_token']))
      return { said: answer.body['expires_in'], lasts: exp - iat }
    },
    samples: [
      [900, { said: 900, lasts: 900 }],
      [60, { said: 60, lasts: 60 }],
    ],
  }),
  effect('createToken', 'body grant_type', {
    ignored: 'May be left out.',
    given: loggingIn,
    sees: inScope,
    samples: [
      [undefined, { status: 200, scope: everything }],
      ['password', { status: 200, scope: everything }],
    ],
  }),
  effect('createToken', 'header User-Agent', {
    given: loggingIn,
    sees: async ({ state }) => {
      const { list } = await state.person.ask('GET', '/users/me/sessions')
      return list.map(({ user_agent, address }) => ({ user_agent, address }))
    },
    samples: [
      [
        'One/1.0',
        [
          { user_agent: 'One/1.0', address: '127.0.0.1' },
          { user_agent: null, address: '127.0.0.1' },
        ],
      ],
      [
        `Two ${'x'.repeat(300)}`,
        [
          { user_agent: `Two ${'x'.repeat(196)}`, address: '127.0.0.1' },
          { user_agent: null, address: '127.0.0.1' },
        ],
      ],
    ],
  }),
]

function allAre(scope: string) {
  return { scope, session: scope, next: scope }
}

const small = 'account:read notes:read'
const continued = { session: small, mayRead: true, mayWrite: false, next: small }

const refresh: Effect[] = [
  effect('createToken', 'body scope', {
    given: continuing(small),
    sees: granted,
    samples: [
      [undefined, { ...continued, scope: small }],
      ['', { ...continued, scope: small }],
      ['notes:read', { ...continued, scope: 'notes:read' }],
      ['account:read', { ...continued, scope: 'account:read', mayRead: false }],
      ['notes:read notes:write', 'invalid_scope', 400],
    ],
  }),
  effect('createToken', 'body refresh_token', {
    given: async (server) => {
      const { person, other } = await twoPeople(server)
      return { person, other, request: { body: { grant_type: 'refresh_token' } } }
    },
    sees: whose,
    samples: [
      [({ person }) => person.refreshToken, 'the one'],
      [({ other }) => other.refreshToken, 'the other'],
    ],
  }),
]

const unheeded: Effect[] = ['client_id', 'client_secret'].flatMap((field) =>
  [loggingIn, continuing(everything)].map((given) =>
    effect('createToken', `body ${field}`, {
      ignored,
      given,
      sees: inScope,
      samples: [undefined, '', 'an-oauth-client'].map((send) => [send, { status: 200, scope: everything }] as const),
    }),
  ),
)

export const tokenEffects: readonly Effect[] = [...password, ...refresh, ...unheeded]
