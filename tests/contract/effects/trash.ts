import { newNote, nextOf } from '../../notes/new-note.ts'
import { enrol } from '../../support/people.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { effect, type Effect, type Seen, type State } from './effect.ts'
import {
  cursorAfter,
  fieldsOf,
  manyNotes,
  numbered,
  plain,
  rich,
  sharing,
  stored,
  succeed,
  theOne,
  theTwo,
  titles,
  withTwoNotes,
} from './states.ts'

interface Trashed extends State {
  readonly cursor: string
}

/** Five deleted notes, deleted in another order than they were made in, and one that was not. */
async function trashed(server: TestServer): Promise<Trashed> {
  const person = await enrol(server)
  const paths: Record<string, string> = {}
  for (const title of ['a', 'b', 'c', 'd', 'e', 'kept']) paths[title] = (await newNote(person, { title })).path
  for (const title of ['b', 'e', 'a', 'd', 'c']) await succeed(person.ask('DELETE', String(paths[title])))
  return { person, cursor: await cursorAfter(person, '/trash?limit=2') }
}

const bin = sharing(trashed)
const page = ({ answer }: Seen<State>) => ({ titles: titles({ answer }), isLast: nextOf(answer.headers) === undefined })
const total = ({ answer }: Seen<State>) => answer.headers.get('x-total-count')
const days = (from: unknown, to: unknown) => (Date.parse(String(to)) - Date.parse(String(from))) / 86_400_000

const lists: Effect[] = [
  effect('listTrash', 'query limit', {
    given: bin(),
    sees: page,
    samples: [
      [undefined, { titles: ['c', 'd', 'a', 'e', 'b'], isLast: true }],
      [1, { titles: ['c'], isLast: false }],
      [4, { titles: ['c', 'd', 'a', 'e'], isLast: false }],
    ],
  }),
  effect('listTrash', 'query limit', {
    given: async (server) => {
      const person = await enrol(server)
      await manyNotes(server, person, 102, { trashed: true })
      return { person }
    },
    sees: titles,
    samples: [
      [undefined, numbered(102, 83)],
      [20, numbered(102, 83)],
      [100, numbered(102, 3)],
    ],
  }),
  effect('listTrash', 'query count', {
    given: bin({ query: { limit: 2 } }),
    sees: total,
    samples: [
      [undefined, null],
      [false, null],
      [true, '5'],
    ],
  }),
  effect('listTrash', 'query count', {
    given: async (server) => {
      const person = await enrol(server)
      await manyNotes(server, person, 10_001, { trashed: true })
      return { person }
    },
    sees: total,
    samples: [
      [undefined, null],
      [true, '10000'],
    ],
  }),
  effect('listTrash', 'query cursor', {
    given: bin({ query: { limit: 2 } }),
    sees: page,
    samples: [
      [undefined, { titles: ['c', 'd'], isLast: false }],
      [({ cursor }) => cursor, { titles: ['a', 'e'], isLast: false }],
    ],
  }),
  effect('listTrash', 'query limit', {
    given: bin(({ cursor }) => ({ query: { cursor } })),
    sees: page,
    samples: [
      [1, { titles: ['a'], isLast: false }],
      [3, { titles: ['a', 'e', 'b'], isLast: true }],
    ],
  }),
  effect('listTrash', 'state', {
    given: async (server, sent) => {
      const person = await enrol(server)
      if (sent === 'never deleted') return { person }
      const { path } = await newNote(person, sent === 'plain' ? plain : rich)
      if (sent === 'rich') await succeed(person.ask('PUT', path, { body: { title: 'Changed' } }))
      await succeed(person.ask('DELETE', path))
      return { person }
    },
    sees: ({ answer }) => answer.list.map((note) => ({ ...fieldsOf(note), version: note['version'] })),
    samples: [
      ['plain', [{ ...plain, version: 1 }]],
      ['rich', [{ ...rich, title: 'Changed', version: 2 }]],
      ['never deleted', []],
    ],
  }),
  effect('listTrash', 'state', {
    given: async (server, sent) => {
      const { person } = await bin()(server)
      // A second server on the same database, with this TRASH_DAYS.
      return { person, server: await startServer({ db: server.db, trashDays: Number(sent) }) }
    },
    sees: async ({ answer, state }) => {
      await state.server.stop()
      return [...new Set(answer.list.map(({ deleted_at, erased_after }) => days(deleted_at, erased_after)))]
    },
    samples: [
      [30, [30]],
      [7, [7]],
    ],
  }),
]

/** Where each note is afterwards. */
async function whereabouts(seen: Seen<State>): Promise<unknown> {
  return (await stored(seen)).map(
    (row) => `${String(row['title'])} ${row['is_trashed'] === true ? 'in the trash' : 'listed'}`,
  )
}

const acts: Effect[] = [
  effect('eraseNote', 'path note_id', {
    given: withTwoNotes({}, true),
    sees: whereabouts,
    samples: [
      [theOne, ['Two in the trash']],
      [theTwo, ['One in the trash']],
    ],
  }),
  effect('restoreNote', 'path note_id', {
    given: withTwoNotes({}, true),
    sees: async (seen) => ({ title: seen.answer.body['title'], notes: await whereabouts(seen) }),
    samples: [
      [theOne, { title: 'One', notes: ['One listed', 'Two in the trash'] }],
      [theTwo, { title: 'Two', notes: ['One in the trash', 'Two listed'] }],
    ],
  }),
  effect('restoreNote', 'state', {
    given: async (server, sent) => {
      const person = await enrol(server)
      const { id, path } = await newNote(person, sent === 'plain' ? plain : rich)
      if (sent === 'rich') await succeed(person.ask('PUT', path, { body: { title: 'Changed' } }))
      await succeed(person.ask('DELETE', path))
      return { person, request: { path: { note_id: id } } }
    },
    sees: ({ answer: { body, headers } }) => ({
      ...fieldsOf(body),
      version: body['version'],
      etag: headers.get('etag'),
    }),
    samples: [
      ['plain', { ...plain, version: 1, etag: '"1"' }],
      ['rich', { ...rich, title: 'Changed', version: 2, etag: '"2"' }],
    ],
  }),
  effect('emptyTrash', 'state', {
    given: async (server, sent) => (sent === 'five deleted' ? trashed(server) : { person: await enrol(server) }),
    sees: whereabouts,
    samples: [
      ['five deleted', ['kept listed']],
      ['nothing', []],
    ],
  }),
]

export const trashEffects: readonly Effect[] = [...lists, ...acts]
