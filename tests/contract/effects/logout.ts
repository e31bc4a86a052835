import { ask, enrol } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { effect, type Effect, type Seen, type State } from './effect.ts'
import { withKey } from './states.ts'
import { bearer, ignored, token } from './tokens.ts'

interface Holder extends State {
  readonly key: string
}

async function holder(server: TestServer): Promise<Holder> {
  const person = await enrol(server)
  return { person, key: (await withKey(person)).key, request: { body: {} } }
}

/** Which of the credentials of a person still work. */
async function alive({ state, server }: Seen<Holder>): Promise<unknown> {
  const session = await state.person.ask('GET', '/users/me')
  const key = await ask(server, 'GET', '/notes', bearer(state.key))
  const refreshed = await token(server, { grant_type: 'refresh_token', refresh_token: state.person.refreshToken })
  return { session: session.status, refresh: refreshed.status, key: key.status }
}

export const logoutEffects: readonly Effect[] = [
  effect('revokeToken', 'body token', {
    given: holder,
    sees: alive,
    samples: [
      [({ person }) => person.refreshToken, { session: 401, refresh: 401, key: 200 }],
      [({ person }) => person.accessToken, { session: 401, refresh: 401, key: 200 }],
      [({ key }) => key, { session: 200, refresh: 200, key: 401 }],
      ['unheard-of', { session: 200, refresh: 200, key: 200 }],
    ],
  }),
  ...['token_type_hint', 'client_id', 'client_secret'].map((field) =>
    effect('revokeToken', `body ${field}`, {
      ignored,
      given: async (server) => {
        const state = await holder(server)
        return { ...state, request: { body: { token: state.key } } }
      },
      sees: alive,
      samples: [undefined, '', 'refresh_token'].map(
        (send) => [send, { session: 200, refresh: 200, key: 401 }] as const,
      ),
    }),
  ),
]
