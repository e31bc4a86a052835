import { sql } from 'kysely'
import { newNote, nextOf } from '../../notes/new-note.ts'
import { ask, enrol, sessionIdOf } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { effect, type Effect, type Seen, type State } from './effect.ts'
import {
  column,
  cursorAfter,
  numbered,
  plain,
  rich,
  sharing,
  succeed,
  theOne,
  theTwo,
  withKey,
  withTwoNotes,
} from './states.ts'

export interface Storied extends State {
  readonly key: string
  readonly cursor: string
}

/**
 * A note with five versions: 1 by an unknown author, 2 by an API key, the rest by a session. From 1 to 2
 * everything changes, from 2 to 3 the content, from 3 to 4 the flags and tags; 5 is as 4 with another title.
 */
export async function storied(server: TestServer): Promise<Storied> {
  const person = await enrol(server)
  const { id: key, key: secret } = await withKey(person)
  const { id, path } = await newNote(person, { ...plain, content: 'a\nb\n' })
  await sql`update notes set changed_by_kind = null, changed_by_id = null where id = ${id}`.execute(server.db)
  const headers = { Authorization: `Bearer ${secret}` }
  await succeed(ask(server, 'PUT', path, { body: { ...rich, content: 'a\nB\n' }, headers }))
  for (const change of [{ content: 'a\nB\nc\n' }, { ...flags }, { title: 'Last' }])
    await succeed(person.ask('PUT', path, { body: change }))
  const cursor = await cursorAfter(person, `${path}/revisions?limit=2`)
  return { person, key, cursor, request: { path: { note_id: id } } }
}

export const story = sharing(storied)

const flags = { is_public: false, is_pinned: false, is_archived: false, tags: [] }
export const versions = {
  1: { ...plain, content: 'a\nb\n' },
  2: { ...rich, content: 'a\nB\n' },
  3: { ...rich, content: 'a\nB\nc\n' },
  4: { ...rich, content: 'a\nB\nc\n', ...flags },
  5: { ...rich, title: 'Last', content: 'a\nB\nc\n', ...flags },
} as const

export function authorOf(by: unknown, { person, key }: Storied): string {
  const { kind, id } = by as { kind: string; id?: string }
  return `${kind} ${id === undefined ? 'without id' : id === { session: sessionIdOf(person), api_key: key }[kind] ? 'by its id' : 'by another id'}`
}

const page = ({ answer, state }: Seen<Storied>) => ({
  versions: answer.list.map(
    ({ version, title, created_by }) => `${String(version)} ${String(title)} ${authorOf(created_by, state)}`,
  ),
  isLast: nextOf(answer.headers) === undefined,
})
export const session = 'session by its id'

export const historyEffects: readonly Effect[] = [
  effect('listRevisions', 'query limit', {
    given: story(),
    sees: page,
    samples: [
      [1, { versions: [`5 Last ${session}`], isLast: false }],
      [
        undefined,
        {
          versions: [
            `5 Last ${session}`,
            `4 Rich ${session}`,
            `3 Rich ${session}`,
            '2 Rich api_key by its id',
            '1 First unknown without id',
          ],
          isLast: true,
        },
      ],
      [3, { versions: [`5 Last ${session}`, `4 Rich ${session}`, `3 Rich ${session}`], isLast: false }],
    ],
  }),
  effect('listRevisions', 'query limit', {
    given: async (server) => {
      const person = await enrol(server)
      const { id, path } = await newNote(person)
      await succeed(person.ask('PUT', path, { body: { content: 'changed' } }))
      await sql`update notes set version = 103 where id = ${id}`.execute(server.db)
      await sql`insert into note_revisions (note_id, version, text_version, title, tags, is_public, is_pinned, is_archived, created_at)
        select note_id, n, text_version, title, tags, is_public, is_pinned, is_archived, created_at
        from note_revisions, generate_series(2, 102) n where note_id = ${id}`.execute(server.db)
      return { person, request: { path: { note_id: id } } }
    },
    sees: ({ answer }) => column('version')({ answer }).map((version) => `n${String(version).padStart(5, '0')}`),
    samples: [
      [undefined, numbered(103, 84)],
      [20, numbered(103, 84)],
      [100, numbered(103, 4)],
    ],
  }),
  effect('listRevisions', 'query cursor', {
    given: story({ query: { limit: 2 } }),
    sees: page,
    samples: [
      [undefined, { versions: [`5 Last ${session}`, `4 Rich ${session}`], isLast: false }],
      [({ cursor }) => cursor, { versions: [`3 Rich ${session}`, '2 Rich api_key by its id'], isLast: false }],
    ],
  }),
  effect('listRevisions', 'query limit', {
    given: story(({ cursor }) => ({ query: { cursor } })),
    sees: page,
    samples: [
      [1, { versions: [`3 Rich ${session}`], isLast: false }],
      [3, { versions: [`3 Rich ${session}`, '2 Rich api_key by its id', '1 First unknown without id'], isLast: true }],
    ],
  }),
  effect('listRevisions', 'path note_id', {
    given: withTwoNotes(),
    sees: column('title'),
    samples: [
      [theOne, ['One', 'One']],
      [theTwo, ['Two', 'Two']],
    ],
  }),
]
