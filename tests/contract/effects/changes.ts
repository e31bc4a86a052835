import { newNote, nextOf } from '../../notes/new-note.ts'
import { enrol, type Person } from '../../support/people.ts'
import { parseEvent } from '../../support/event-stream.ts'
import type { TestServer } from '../../support/server.ts'
import { effect, type Effect, type Seen, type State } from './effect.ts'
import { fieldsOf, plain, rich, sharing, succeed } from './states.ts'

interface Followed extends State {
  /** After the first two changes. */
  readonly cursor: string
}

/** Five new notes. */
async function made(server: TestServer): Promise<Followed> {
  const person = await enrol(server)
  for (const title of ['a', 'b', 'c', 'd', 'e']) await newNote(person, { title })
  const { body } = await succeed(person.ask('GET', '/changes?limit=2'))
  return { person, cursor: String(body['cursor']) }
}

const feed = sharing(made)

function changesIn({ answer }: Pick<Seen<State>, 'answer'>): Record<string, unknown>[] {
  return answer.body['changes'] as Record<string, unknown>[]
}

const page = (seen: Seen<State>) => ({
  titles: changesIn(seen).map(({ note }) => (note as Record<string, unknown>)['title']),
  isLast: seen.answer.body['has_more'] === false && nextOf(seen.answer.headers) === undefined,
})

/** The places of the changes that a stream sends until it is ready. */
const streamed = ({ answer }: Seen<State>): unknown[] =>
  answer.text
    .split('\n\n')
    .flatMap(parseEvent)
    .map(({ event, data }) => (event === 'change' ? (data as Record<string, unknown>)['seq'] : event))

/** A note after one of the things that can happen to it. */
async function noteThatWas(server: TestServer, happened: unknown): Promise<Person> {
  const person = await enrol(server)
  if (happened === 'never there') return person
  const { path, id } = await newNote(person, happened === 'made' ? plain : rich)
  if (happened === 'changed') await succeed(person.ask('PUT', path, { body: { title: 'Changed' } }))
  if (happened === 'trashed' || happened === 'erased') await succeed(person.ask('DELETE', path))
  if (happened === 'erased') await succeed(person.ask('DELETE', `/trash/${id}`))
  return person
}

const lists: Effect[] = [
  effect('listChanges', 'query limit', {
    given: feed(),
    sees: page,
    samples: [
      [undefined, { titles: ['a', 'b', 'c', 'd', 'e'], isLast: true }],
      [1, { titles: ['a'], isLast: false }],
      [4, { titles: ['a', 'b', 'c', 'd'], isLast: false }],
    ],
  }),
  effect('listChanges', 'query limit', {
    given: async (server) => {
      const person = await enrol(server)
      for (let count = 0; count < 102; count += 1) await newNote(person, { title: `n${count}` })
      return { person }
    },
    sees: (seen) => changesIn(seen).length,
    samples: [
      [undefined, 20],
      [20, 20],
      [100, 100],
    ],
  }),
  effect('listChanges', 'query cursor', {
    given: feed({ query: { limit: 2 } }),
    sees: page,
    samples: [
      [undefined, { titles: ['a', 'b'], isLast: false }],
      [({ cursor }) => cursor, { titles: ['c', 'd'], isLast: false }],
    ],
  }),
  effect('listChanges', 'state', {
    given: async (server, sent) => ({ person: await noteThatWas(server, sent) }),
    sees: (seen) =>
      changesIn(seen).map(({ kind, seq, version, note }) => ({
        kind,
        seq,
        version,
        note: note === undefined ? undefined : fieldsOf(note as Record<string, unknown>),
      })),
    samples: [
      ['made', [{ kind: 'upsert', seq: 1, version: 1, note: plain }]],
      ['changed', [{ kind: 'upsert', seq: 2, version: 2, note: { ...rich, title: 'Changed' } }]],
      ['trashed', [{ kind: 'trash', seq: 2, version: 1, note: undefined }]],
      ['erased', [{ kind: 'erase', seq: 3, version: 1, note: undefined }]],
      ['never there', []],
    ],
  }),
]

const streams: Effect[] = [
  effect('streamChanges', 'query cursor', {
    given: feed(),
    sees: streamed,
    samples: [
      [undefined, ['ready']],
      [({ cursor }) => cursor, [3, 4, 5, 'ready']],
    ],
  }),
  effect('streamChanges', 'header Last-Event-ID', {
    given: feed(),
    sees: streamed,
    samples: [
      [undefined, ['ready']],
      [({ cursor }) => cursor, [3, 4, 5, 'ready']],
    ],
  }),
]

export const changeEffects: readonly Effect[] = [...lists, ...streams]
