import { scopes, security } from '../../../generated/security.ts'
import { ask, enrol, logIn, type Person, userIdOf } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { operations } from '../harness/document-examples.ts'
import { effect, type Effect, type Seen, type State } from './effect.ts'
import { toText } from './mask.ts'
import { alone, succeed, withKey } from './states.ts'
import { token } from './tokens.ts'

/** Which of these passwords opens the account of an e-mail. */
async function opening(server: TestServer, username: string, passwords: readonly string[]): Promise<string[]> {
  const answers = await Promise.all(passwords.map((password) => token(server, { username, password })))
  return passwords.filter((_, index) => answers[index]?.status === 200)
}

const register: Effect[] = [
  effect('registerUser', 'body email', {
    given: alone({ body: { password: 'a password for two' } }),
    sees: async ({ answer, server }) => ({
      answered: answer.body['email'],
      opened: await opening(server, String(answer.body['email']).toUpperCase(), ['a password for two']),
    }),
    samples: ['First.Reader@example.com', 'second@example.com'].map((email) => [
      email,
      { answered: email, opened: ['a password for two'] },
    ]),
  }),
  effect('registerUser', 'body password', {
    given: async (server) => {
      const person = await enrol(server)
      return { person, email: `new-${person.email}`, request: { body: { email: `new-${person.email}` } } }
    },
    sees: ({ state, server }) => opening(server, state.email, ['first password', 'second password']),
    samples: [
      ['first password', ['first password']],
      ['second password', ['second password']],
    ],
  }),
]

/** With the right password the operation succeeds; with another one it is refused. */
const proofs: Effect[] = (
  [
    ['updateMe', { email: 'Moved@example.com' }],
    ['deleteMe', {}],
    ['changePassword', { new_password: 'a new password' }],
    ['createApiKey', { name: 'A key', scopes: ['notes:read'] }],
  ] as const
).map(([operation, body]) =>
  effect(operation, 'body current_password', {
    guards: true,
    given: alone({ body }),
    sees: ({ answer }) => answer.status < 300,
    samples: [
      [({ person }) => person.password, true],
      ['another password', false, 422],
    ],
  }),
)

interface Member extends State {
  readonly other: Person
}

/** A new person with two sessions and a key. */
async function member(server: TestServer): Promise<Member> {
  const person = await enrol(server)
  const other = await logIn(server, person.email, person.password)
  await withKey(person)
  return { person, other, request: { body: { current_password: person.password } } }
}

async function left({ state, server }: Seen<Member>): Promise<unknown> {
  const keys = await server.db
    .selectFrom('api_keys')
    .select('id')
    .where('user_id', '=', userIdOf(state.person))
    .execute()
  const [mine, others] = [await state.person.ask('GET', '/users/me'), await state.other.ask('GET', '/users/me')]
  return { keys: keys.length, mine: mine.status, others: others.status }
}

const changes: Effect[] = [
  effect('updateMe', 'body email', {
    given: async (server) => {
      const person = await enrol(server)
      return { person, request: { body: { current_password: person.password } } }
    },
    sees: async ({ answer, state, server }) => ({
      answered: answer.body['email'],
      read: (await state.person.ask('GET', '/users/me')).body['email'],
      old: await opening(server, state.person.email, [state.person.password]),
      isOpened: (await opening(server, String(answer.body['email']), [state.person.password])).length === 1,
    }),
    samples: ['Elsewhere@example.com', 'nowhere@example.com'].map((email) => [
      email,
      { answered: email, read: email, old: [], isOpened: true },
    ]),
  }),
  effect('changePassword', 'body new_password', {
    given: member,
    sees: ({ state, server }) =>
      opening(server, state.person.email, ['first password', 'second password', state.person.password]),
    samples: [
      ['first password', ['first password']],
      ['second password', ['second password']],
    ],
  }),
  effect('changePassword', 'body revoke_api_keys', {
    given: async (server) => {
      const state = await member(server)
      return {
        ...state,
        request: { body: { current_password: state.person.password, new_password: 'a new password' } },
      }
    },
    sees: left,
    samples: [
      [undefined, { keys: 0, mine: 200, others: 401 }],
      [true, { keys: 0, mine: 200, others: 401 }],
      [false, { keys: 1, mine: 200, others: 401 }],
    ],
  }),
]

/** The operations that these scopes allow, read from the document and not from the code generated from it. */
function callable(granted: readonly string[], scheme: 'oauth2' | 'apiKey'): string[] {
  const may = operations.filter(({ security: requirements }) =>
    requirements.length === 0
      ? true
      : requirements.some((one) => one[scheme]?.every((scope) => granted.includes(scope)) === true),
  )
  return may.map(({ operationId }) => operationId).toSorted()
}

const credentials: Effect[] = [
  effect('getCredential', 'state', {
    given: async (server, sent) => {
      if (sent === 'a login for reading') return { person: await enrol(server, { scope: 'account:read notes:read' }) }
      const person = await enrol(server)
      return sent === 'a login' ? { person } : { person, credential: (await withKey(person, ['notes:write'])).key }
    },
    sees: ({ answer: { body } }) => ({ ...body, operations: (body['operations'] as string[]).toSorted() }),
    samples: [
      ['a login', { kind: 'session', id: '<id>', scopes: everything(), operations: callable(everything(), 'oauth2') }],
      [
        'a login for reading',
        {
          kind: 'session',
          id: '<id>',
          scopes: ['account:read', 'notes:read'],
          operations: callable(['account:read', 'notes:read'], 'oauth2'),
        },
      ],
      [
        'a key for writing',
        { kind: 'api_key', id: '<id>', scopes: ['notes:write'], operations: callable(['notes:write'], 'apiKey') },
      ],
    ],
  }),
  effect('getMe', 'state', {
    given: async (server, sent) => {
      const person = await enrol(server)
      const key = await withKey(person, ['account:read'])
      const email = toText(sent)
      await succeed(person.ask('PATCH', '/users/me', { body: { email, current_password: person.password } }))
      return { person, credential: key.key }
    },
    samples: ['Ann.Key@example.com', 'bob.key@example.com'].map((email) => [
      email,
      { id: '<id>', email, is_active: true, created_at: '<time>' },
    ]),
  }),
  effect('deleteMe', 'state', {
    given: async (server, sent) => {
      const [one, two] = [await enrol(server), await enrol(server)]
      const person = sent === 'the one' ? one : two
      return { person, one, two, request: { body: { current_password: person.password } } }
    },
    sees: async ({ state: { one, two }, server }) => {
      const [first, second] = await Promise.all(
        [one, two].map((who) => ask(server, 'GET', '/users/me', { headers: bearer(who) })),
      )
      return { one: first?.status, two: second?.status }
    },
    samples: [
      ['the one', { one: 401, two: 200 }],
      ['the other', { one: 200, two: 401 }],
    ],
  }),
]

function bearer({ accessToken }: Person) {
  return { Authorization: `Bearer ${accessToken}` }
}

/** Every scope that an operation of the document needs, in the order in which the document declares them. */
function everything(): string[] {
  const needed = new Set(Object.values(security).flatMap((each): readonly string[] => each ?? []))
  return scopes.filter((scope) => needed.has(scope))
}

export const accountEffects: readonly Effect[] = [...register, ...proofs, ...changes, ...credentials]
