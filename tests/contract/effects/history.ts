import { sql } from 'kysely'
import { newNote, nextOf } from '../../notes/new-note.ts'
import { ask, enrol } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { effect, type Effect, type Request, type Seen, type State } from './effect.ts'
import {
  column,
  cursorAfter,
  fieldsOf,
  numbered,
  plain,
  rich,
  sessionOf,
  stored,
  succeed,
  theOne,
  theTwo,
  withKey,
  withTwoNotes,
} from './states.ts'

interface Storied extends State {
  readonly key: string
  readonly cursor: string
}

/**
 * A note with five versions: 1 by an author whom nobody wrote down, 2 by an API key, the rest by a session. From 1 to 2
 * everything changes, from 2 to 3 the content, from 3 to 4 the flags and tags; 5 is as 4 with another title.
 */
function storied(request: Request = {}) {
  return async (server: TestServer): Promise<Storied> => {
    const person = await enrol(server)
    const { id: key, key: secret } = await withKey(person)
    const { id, path } = await newNote(person, { ...plain, content: 'a\nb\n' })
    await sql`update notes set changed_by_kind = null, changed_by_id = null where id = ${id}`.execute(server.db)
    const headers = { Authorization: `Bearer ${secret}` }
    await succeed(ask(server, 'PUT', path, { body: { ...rich, content: 'a\nB\n' }, headers }))
    for (const change of [{ content: 'a\nB\nc\n' }, { ...flags }, { title: 'Last' }])
      await succeed(person.ask('PUT', path, { body: change }))
    const cursor = await cursorAfter(person, `${path}/revisions?limit=2`)
    return { person, key, cursor, request: { ...request, path: { note_id: id, ...request.path } } }
  }
}

const flags = { is_public: false, is_pinned: false, is_archived: false, tags: [] }
const versions = {
  1: { ...plain, content: 'a\nb\n' },
  2: { ...rich, content: 'a\nB\n' },
  3: { ...rich, content: 'a\nB\nc\n' },
  4: { ...rich, content: 'a\nB\nc\n', ...flags },
  5: { ...rich, title: 'Last', content: 'a\nB\nc\n', ...flags },
} as const

function authorOf(by: unknown, { person, key }: Storied): string {
  const { kind, id } = by as { kind: string; id?: string }
  return `${kind} ${id === undefined ? 'without id' : id === { session: sessionOf(person), api_key: key }[kind] ? 'by its id' : 'by another id'}`
}

const page = ({ answer, state }: Seen<Storied>) => ({
  versions: answer.list.map(({ version, title, created_by }) => `${String(version)} ${String(title)} ${authorOf(created_by, state)}`),
  isLast: nextOf(answer.headers) === undefined,
})
const session = 'session by its id'

const lists: Effect[] = [
  effect('listRevisions', 'query limit', {
    given: storied(),
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
    given: storied({ query: { limit: 2 } }),
    sees: page,
    samples: [
      [undefined, { versions: [`5 Last ${session}`, `4 Rich ${session}`], isLast: false }],
      [({ cursor }) => cursor, { versions: [`3 Rich ${session}`, '2 Rich api_key by its id'], isLast: false }],
    ],
  }),
  effect('listRevisions', 'query limit', {
    given: async (server) => {
      const state = await storied()(server)
      return { ...state, request: { ...state.request, query: { cursor: state.cursor } } }
    },
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

const reads: Effect[] = [
  effect('getRevision', 'path version', {
    given: storied(),
    sees: ({ answer: { body }, state }) => ({ ...fieldsOf(body), version: body['version'], by: authorOf(body['created_by'], state) }),
    samples: [
      ['1', { ...versions[1], version: 1, by: 'unknown without id' }],
      ['2', { ...versions[2], version: 2, by: 'api_key by its id' }],
      ['3', { ...versions[3], version: 3, by: session }],
      ['5', { ...versions[5], version: 5, by: session }],
    ],
  }),
  effect('getRevision', 'path note_id', {
    given: withTwoNotes({ path: { version: '1' } }),
    sees: ({ answer }) => answer.body['content'],
    samples: [
      [theOne, 'one'],
      [theTwo, 'two'],
    ],
  }),
  effect('compareRevisions', 'path note_id', {
    given: withTwoNotes({ path: { version: '1' } }),
    sees: ({ answer }) => String(answer.body['diff']).split('\n')[3],
    samples: [
      [theOne, '-one'],
      [theTwo, '-two'],
    ],
  }),
  effect('compareRevisions', 'path version', {
    given: storied({ query: { against: 3 } }),
    samples: [
      ['2', { from_version: 2, to_version: 3, changed: ['content'], diff: '--- version 2\n+++ version 3\n@@ -1,2 +1,3 @@\n a\n B\n+c\n' }],
      ['3', { from_version: 3, to_version: 3, changed: [], diff: '' }],
      ['4', { from_version: 4, to_version: 3, changed: ['is_public', 'tags', 'is_pinned', 'is_archived'], diff: '' }],
    ],
  }),
  effect('compareRevisions', 'query against', {
    given: storied({ path: { version: '1' } }),
    samples: [
      [
        undefined,
        {
          from_version: 1,
          to_version: 5,
          changed: ['title', 'content'],
          diff: '--- version 1\n+++ version 5\n@@ -1,2 +1,3 @@\n a\n-b\n+B\n+c\n',
        },
      ],
      [
        2,
        {
          from_version: 1,
          to_version: 2,
          changed: ['title', 'content', 'is_public', 'tags', 'is_pinned', 'is_archived'],
          diff: '--- version 1\n+++ version 2\n@@ -1,2 +1,2 @@\n a\n-b\n+B\n',
        },
      ],
      [
        5,
        {
          from_version: 1,
          to_version: 5,
          changed: ['title', 'content'],
          diff: '--- version 1\n+++ version 5\n@@ -1,2 +1,3 @@\n a\n-b\n+B\n+c\n',
        },
      ],
    ],
  }),
]

const restores: Effect[] = [
  effect('restoreRevision', 'path version', {
    given: storied(),
    sees: async (seen) => {
      const { body, headers } = seen.answer
      const [row = {}] = await stored(seen)
      return {
        ...fieldsOf(body),
        version: body['version'],
        etag: headers.get('etag'),
        stored: { ...fieldsOf(row), version: row['version'] },
      }
    },
    samples: ([1, 2, 3] as const).map((version) => {
      const fields = { ...versions[version], version: 6 }
      return [String(version), { ...fields, etag: '"6"', stored: fields }] as const
    }),
  }),
  effect('restoreRevision', 'path note_id', {
    given: withTwoNotes({ path: { version: '1' } }),
    sees: async (seen) => (await stored(seen)).map(({ content }) => content),
    samples: [
      [theOne, ['one', 'two more']],
      [theTwo, ['one more', 'two']],
    ],
  }),
]

export const historyEffects: readonly Effect[] = [...lists, ...reads, ...restores]
