import { sql } from 'kysely'
import { ask, enrol } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { effect, type Effect, type Seen, type State } from './effect.ts'
import { succeed, withKey } from './states.ts'

const days = (from: unknown, to: unknown) => (Date.parse(String(to)) - Date.parse(String(from))) / 86_400_000

/** A request for a key, without the field that is tested. */
function wanting(fields: Readonly<Record<string, string | string[]>>) {
  return async (server: TestServer): Promise<State> => {
    const person = await enrol(server)
    return { person, request: { body: { ...fields, current_password: person.password } } }
  }
}

/** What a new key says of itself, what the list says of it, and what it opens. */
async function made({ answer, state, server }: Seen<State>): Promise<unknown> {
  const { key, name, hint, scopes, created_at, expires_at } = answer.body
  const [listed = {}] = (await state.person.ask('GET', '/api-keys')).list
  const headers = { Authorization: `Bearer ${String(key)}` }
  const tries = [
    await ask(server, 'GET', '/users/me', { headers }),
    await ask(server, 'GET', '/notes', { headers }),
    await ask(server, 'POST', '/notes', { headers, body: { title: 'a', content: 'b' } }),
    await ask(server, 'DELETE', '/trash', { headers }),
  ]
  const isListed = ['id', 'name', 'hint', 'created_at', 'expires_at'].every(
    (field) => listed[field] === answer.body[field],
  )
  return {
    name,
    scopes,
    days: days(created_at, expires_at),
    isHinted: String(key).startsWith(String(hint)),
    isListed: isListed && String(listed['scopes']) === String(scopes),
    opens: tries.map(({ status }) => status),
  }
}

const usual = {
  name: 'A key',
  scopes: ['notes:read'],
  days: 90,
  isHinted: true,
  isListed: true,
  opens: [403, 200, 403, 403],
}

const create: Effect[] = [
  effect('createApiKey', 'body name', {
    given: wanting({ scopes: ['notes:read'] }),
    sees: made,
    samples: [
      ['A key', usual],
      ['Nightly “backup”', { ...usual, name: 'Nightly “backup”' }],
    ],
  }),
  effect('createApiKey', 'body scopes', {
    given: wanting({ name: 'A key' }),
    sees: made,
    samples: [
      [['account:read'], { ...usual, scopes: ['account:read'], opens: [200, 403, 403, 403] }],
      [['notes:read'], usual],
      [['notes:write'], { ...usual, scopes: ['notes:write'], opens: [403, 403, 201, 403] }],
      [['notes:erase'], { ...usual, scopes: ['notes:erase'], opens: [403, 403, 403, 204] }],
      [
        ['notes:erase', 'notes:write', 'account:read', 'notes:read'],
        {
          ...usual,
          scopes: ['account:read', 'notes:read', 'notes:write', 'notes:erase'],
          opens: [200, 200, 201, 204],
        },
      ],
    ],
  }),
  effect('createApiKey', 'body expires_in_days', {
    given: wanting({ name: 'A key', scopes: ['notes:read'] }),
    sees: made,
    samples: [
      [undefined, usual],
      [90, usual],
      [1, { ...usual, days: 1 }],
      [366, { ...usual, days: 366 }],
    ],
  }),
]

interface Keys extends State {
  readonly first: { readonly id: string; readonly key: string }
  readonly second: { readonly id: string; readonly key: string }
}

async function twoKeys(server: TestServer): Promise<Keys> {
  const person = await enrol(server)
  return { person, first: await withKey(person), second: await withKey(person, ['account:read'], 'Second') }
}

const others: Effect[] = [
  effect('revokeApiKey', 'path key_id', {
    given: twoKeys,
    sees: async ({ state: { person, first, second }, server }) => ({
      listed: (await person.ask('GET', '/api-keys')).list.map(({ scopes }) => String(scopes)),
      first: (await ask(server, 'GET', '/notes', { headers: { Authorization: `Bearer ${first.key}` } })).status,
      second: (await ask(server, 'GET', '/users/me', { headers: { Authorization: `Bearer ${second.key}` } })).status,
    }),
    samples: [
      [({ first }) => first.id, { listed: ['account:read'], first: 401, second: 200 }],
      [({ second }) => second.id, { listed: ['notes:read,notes:write'], first: 200, second: 401 }],
    ],
  }),
  effect('listApiKeys', 'state', {
    given: async (server, sent) => {
      if (sent === 'without keys') return { person: await enrol(server) }
      const { person, first } = await twoKeys(server)
      if (sent === 'one used')
        await succeed(ask(server, 'GET', '/notes', { headers: { Authorization: `Bearer ${first.key}` } }))
      if (sent === 'one expired')
        await sql`update api_keys set expires_at = now() - interval '1 day' where id = ${first.id}`.execute(server.db)
      return { person }
    },
    sees: ({ answer }) =>
      answer.list.map(({ name, scopes, expires_at, last_used_at }) => {
        const isExpired = Date.parse(String(expires_at)) < Date.now()
        return `${String(name)} ${String(scopes)}${last_used_at === null ? '' : ', used'}${isExpired ? ', expired' : ''}`
      }),
    samples: [
      ['without keys', []],
      ['none used', ['Second account:read', 'A key notes:read,notes:write']],
      ['one used', ['Second account:read', 'A key notes:read,notes:write, used']],
      ['one expired', ['Second account:read', 'A key notes:read,notes:write, expired']],
    ],
  }),
]

export const keyEffects: readonly Effect[] = [...create, ...others]
