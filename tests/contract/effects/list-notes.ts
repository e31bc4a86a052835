import { enrol, type Person } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { newNote, nextOf } from '../../notes/new-note.ts'
import { effect, type Effect, type Seen, type State } from './effect.ts'
import { cursorAfter, manyNotes, numbered, rich, sharing, succeed, titles } from './states.ts'

interface Shelf extends State {
  /** When the third and the last note in the order of changes were changed. */
  readonly third: string
  readonly last: string
  readonly cursor: string
  readonly byTitle: string
}

/** Six notes whose orders differ under every `sort`, with flags and tags of every sort. */
async function shelf(server: TestServer, list: string): Promise<Shelf> {
  const person = await enrol(server)
  const notes: [string, Record<string, unknown>][] = [
    ['pear', { tags: ['fruit', 'Green'], is_public: true }],
    ['Fig', { tags: ['fruit'], is_pinned: true, is_archived: true }],
    ['apple', { tags: ['fruit', 'red', 'Green'], is_archived: true }],
    ['Quince', { tags: ['red'], is_public: true, is_pinned: true }],
    ['date', {}],
    ['elder', { tags: ['green'], is_pinned: true }],
  ]
  const paths: Record<string, string> = {}
  for (const [title, fields] of notes) paths[title] = (await newNote(person, { title, ...fields })).path
  for (const title of ['pear', 'apple'])
    await succeed(person.ask('PUT', String(paths[title]), { body: { content: 'changed' } }))
  const updated = async (title: string) => String((await person.ask('GET', String(paths[title]))).body['updated_at'])
  const cursor = await cursorAfter(person, `${list}?limit=2`)
  const byTitle = await cursorAfter(person, `${list}?limit=2&sort=title`)
  return { person, third: await updated('date'), last: await updated('apple'), cursor, byTitle }
}

const newest = ['elder', 'date', 'Quince', 'apple', 'Fig', 'pear']
/** How many notes there are on all pages, as told. */
const total = ({ answer }: Pick<Seen<State>, 'answer'>) => answer.headers.get('x-total-count')

async function hundreds(server: TestServer, count: number): Promise<State> {
  const person: Person = await enrol(server)
  await manyNotes(server, person, count)
  return { person }
}

const eight = Array.from({ length: 8 }, (_, index) => `tag ${index}`)

/** The effects of the parameters of a list of notes, at this address. */
function effectsOf(id: 'listNotes' | 'listNoteSummaries', list: string): Effect[] {
  const shelfWith = sharing((server) => shelf(server, list))
  const given = shelfWith({ query: { sort: 'created_at' } })
  return [
    effect(id, 'query sort', {
      given: shelfWith(),
      sees: titles,
      samples: [
        [undefined, newest],
        ['created_at', newest.toReversed()],
        ['-created_at', newest],
        ['updated_at', ['Fig', 'Quince', 'date', 'elder', 'pear', 'apple']],
        ['-updated_at', ['apple', 'pear', 'elder', 'date', 'Quince', 'Fig']],
        ['title', ['apple', 'date', 'elder', 'Fig', 'pear', 'Quince']],
        ['-title', ['Quince', 'pear', 'Fig', 'elder', 'date', 'apple']],
      ],
    }),
    effect(id, 'query tag', {
      given,
      sees: titles,
      samples: [
        [undefined, newest.toReversed()],
        ['fruit', ['pear', 'Fig', 'apple']],
        [['GREEN'], ['pear', 'apple', 'elder']],
        [['fruit', 'red'], ['apple']],
        [['fruit', 'unheard of'], []],
      ],
    }),
    effect(id, 'query tag', {
      given: async (server) => {
        const person = await enrol(server)
        for (const tag of ['none', ...eight])
          await newNote(person, { title: `without ${tag}`, tags: eight.filter((other) => other !== tag) })
        return { person }
      },
      sees: titles,
      samples: [
        [eight.slice(0, 7), ['without tag 7', 'without none']],
        [eight, ['without none']],
      ],
    }),
    effect(id, 'query is_public', {
      given,
      sees: titles,
      samples: [
        [undefined, newest.toReversed()],
        [true, ['pear', 'Quince']],
        [false, ['Fig', 'apple', 'date', 'elder']],
      ],
    }),
    effect(id, 'query is_pinned', {
      given,
      sees: titles,
      samples: [
        [undefined, newest.toReversed()],
        [true, ['Fig', 'Quince', 'elder']],
        [false, ['pear', 'apple', 'date']],
      ],
    }),
    effect(id, 'query is_archived', {
      given,
      sees: titles,
      samples: [
        [undefined, newest.toReversed()],
        [true, ['Fig', 'apple']],
        [false, ['pear', 'Quince', 'date', 'elder']],
      ],
    }),
    effect(id, 'query is_archived', {
      given: shelfWith({ query: { tag: 'fruit', is_pinned: true } }),
      sees: titles,
      samples: [
        [undefined, ['Fig']],
        [false, []],
      ],
    }),
    effect(id, 'query updated_since', {
      given,
      sees: titles,
      samples: [
        [undefined, newest.toReversed()],
        [({ third }) => third, ['pear', 'apple', 'date', 'elder']],
        [({ last }) => last, ['apple']],
      ],
    }),
    effect(id, 'query cursor', {
      given: shelfWith({ query: { limit: 2 } }),
      sees: ({ answer }) => ({ titles: titles({ answer }), isLast: nextOf(answer.headers) === undefined }),
      samples: [
        [undefined, { titles: ['elder', 'date'], isLast: false }],
        [({ cursor }) => cursor, { titles: ['Quince', 'apple'], isLast: false }],
      ],
    }),
    effect(id, 'query cursor', {
      given: shelfWith({ query: { limit: 5, sort: 'title' } }),
      sees: ({ answer }) => ({ titles: titles({ answer }), isLast: nextOf(answer.headers) === undefined }),
      samples: [
        [undefined, { titles: ['apple', 'date', 'elder', 'Fig', 'pear'], isLast: false }],
        [({ byTitle }) => byTitle, { titles: ['elder', 'Fig', 'pear', 'Quince'], isLast: true }],
      ],
    }),
    effect(id, 'query limit', {
      given: shelfWith(({ cursor }) => ({ query: { cursor } })),
      sees: titles,
      samples: [
        [1, ['Quince']],
        [3, ['Quince', 'apple', 'Fig']],
      ],
    }),
    effect(id, 'query limit', {
      given: (server) => hundreds(server, 102),
      sees: titles,
      samples: [
        [undefined, numbered(102, 83)],
        [20, numbered(102, 83)],
        [1, numbered(102, 102)],
        [100, numbered(102, 3)],
      ],
    }),
    effect(id, 'query skip', {
      given: shelfWith({ query: { limit: 2 } }),
      sees: titles,
      samples: [
        [undefined, ['elder', 'date']],
        [3, ['apple', 'Fig']],
      ],
    }),
    effect(id, 'query skip', {
      given: (server) => hundreds(server, 10_003),
      sees: titles,
      samples: [
        [0, numbered(10_003, 9_984)],
        [101, numbered(9_902, 9_883)],
        [10_000, numbered(3, 1)],
      ],
    }),
    effect(id, 'query count', {
      given: shelfWith({ query: { limit: 2 } }),
      sees: total,
      samples: [
        [undefined, null],
        [false, null],
        [true, '6'],
      ],
    }),
    effect(id, 'query count', {
      given: (server) => hundreds(server, 10_001),
      sees: total,
      samples: [
        [undefined, null],
        [true, '10000'],
      ],
    }),
    effect(id, 'query tag', {
      given: shelfWith({ query: { count: true } }),
      sees: total,
      samples: [
        [undefined, '6'],
        ['fruit', '3'],
        ['unheard of', '0'],
      ],
    }),
  ]
}

export const listNotesEffects = [
  ...effectsOf('listNotes', '/notes'),
  ...effectsOf('listNoteSummaries', '/notes/summaries'),
  effect('listNoteSummaries', 'state', {
    given: async (server, sent) => {
      const person = await enrol(server)
      const isLong = sent === 'a long note'
      await newNote(person, { ...rich, content: isLong ? '語😀'.repeat(150) : 'short' })
      if (!isLong) await newNote(person, { title: 'second' })
      return { person }
    },
    sees: ({ answer }) => answer.list.map(({ title, excerpt, size }) => [title, excerpt, size]),
    samples: [
      [
        'two notes',
        [
          ['second', 'Hello', 5],
          ['Rich', 'short', 5],
        ],
      ],
      ['a long note', [['Rich', '語😀'.repeat(100), 300]]],
    ],
  }),
]
