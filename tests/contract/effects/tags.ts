import { newNote, nextOf } from '../../notes/new-note.ts'
import { enrol } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { effect, type Effect, type Seen, type State } from './effect.ts'
import { cursorAfter, numbered, sharing, stored, succeed } from './states.ts'

interface Tagged extends State {
  readonly cursor: string
}

const counts = ({ answer }: Seen<State>) => ({
  tags: answer.list.map(({ tag, count }) => `${String(tag)} ${String(count)}`),
  isLast: nextOf(answer.headers) === undefined,
})

const shelf = sharing(tagged)

async function tagged(server: TestServer): Promise<Tagged> {
  const person = await enrol(server)
  for (const tags of [
    ['b', 'a', 'd'],
    ['B', 'c'],
    ['b', 'e', 'A'],
  ])
    await newNote(person, { tags })
  const gone = await newNote(person, { tags: ['b', 'f'] })
  await succeed(person.ask('DELETE', gone.path))
  return { person, cursor: await cursorAfter(person, '/tags?limit=2') }
}

const lists: Effect[] = [
  effect('listTags', 'query limit', {
    given: shelf(),
    sees: counts,
    samples: [
      [undefined, { tags: ['A 2', 'B 3', 'c 1', 'd 1', 'e 1'], isLast: true }],
      [1, { tags: ['A 2'], isLast: false }],
      [5, { tags: ['A 2', 'B 3', 'c 1', 'd 1', 'e 1'], isLast: true }],
      [4, { tags: ['A 2', 'B 3', 'c 1', 'd 1'], isLast: false }],
    ],
  }),
  effect('listTags', 'query limit', {
    given: async (server) => {
      const person = await enrol(server)
      for (const from of [1, 33, 65, 97]) await newNote(person, { tags: numbered(from, from + 31) })
      return { person }
    },
    sees: ({ answer }) => answer.list.map(({ tag }) => tag),
    samples: [
      [undefined, numbered(1, 20)],
      [20, numbered(1, 20)],
      [100, numbered(1, 100)],
    ],
  }),
  effect('listTags', 'query cursor', {
    given: shelf({ query: { limit: 2 } }),
    sees: counts,
    samples: [
      [undefined, { tags: ['A 2', 'B 3'], isLast: false }],
      [({ cursor }) => cursor, { tags: ['c 1', 'd 1'], isLast: false }],
    ],
  }),
  effect('listTags', 'query limit', {
    given: shelf(({ cursor }) => ({ query: { cursor } })),
    sees: counts,
    samples: [
      [1, { tags: ['c 1'], isLast: false }],
      [3, { tags: ['c 1', 'd 1', 'e 1'], isLast: true }],
    ],
  }),
  effect('listTags', 'state', {
    given: async (server, sent) => (sent === 'tagged' ? shelf()(server) : { person: await enrol(server) }),
    sees: ({ answer }) => answer.list.length,
    samples: [
      ['tagged', 5],
      ['without notes', 0],
    ],
  }),
]

/** The tags of each note with its version, after a renaming. */
async function renamed(seen: Seen<State>): Promise<unknown> {
  const rows = await stored(seen)
  const notes = rows.map(
    (row) => `${String(row['version'])} ${String(row['is_trashed'] === true ? row['tags'] : row['found_by'])}`,
  )
  const areAsFound = rows.every((row) => row['is_trashed'] === true || String(row['tags']) === String(row['found_by']))
  return { ...seen.answer.body, notes, areAsFound }
}

function withTags(request: Record<string, string | string[]>) {
  return async (server: TestServer): Promise<State> => {
    const person = await enrol(server)
    for (const tags of [['x', 'tidy', 'To do'], ['TIDY'], ['done']]) await newNote(person, { tags })
    const gone = await newNote(person, { tags: ['tidy'] })
    await succeed(person.ask('DELETE', gone.path))
    return { person, request: { body: request } }
  }
}

const renames: Effect[] = [
  effect('renameTags', 'body from', {
    given: withTags({ to: 'Task' }),
    sees: renamed,
    samples: [
      [
        ['tidy'],
        { tag: 'Task', changed: 2, notes: ['2 x,Task,To do', '2 Task', '1 done', '1 tidy'], areAsFound: true },
      ],
      [
        ['tidy', 'to do'],
        { tag: 'Task', changed: 2, notes: ['2 x,Task', '2 Task', '1 done', '1 tidy'], areAsFound: true },
      ],
      [
        ['X'],
        { tag: 'Task', changed: 1, notes: ['2 Task,tidy,To do', '1 TIDY', '1 done', '1 tidy'], areAsFound: true },
      ],
      [
        ['unheard of'],
        { tag: 'Task', changed: 0, notes: ['1 x,tidy,To do', '1 TIDY', '1 done', '1 tidy'], areAsFound: true },
      ],
      [
        [...numbered(1, 30), 'done', 'tidy'],
        { tag: 'Task', changed: 3, notes: ['2 x,Task,To do', '2 Task', '2 Task', '1 tidy'], areAsFound: true },
      ],
    ],
  }),
  effect('renameTags', 'body to', {
    given: withTags({ from: ['tidy'] }),
    sees: renamed,
    samples: [
      ['Task', { tag: 'Task', changed: 2, notes: ['2 x,Task,To do', '2 Task', '1 done', '1 tidy'], areAsFound: true }],
      ['X', { tag: 'X', changed: 2, notes: ['2 X,To do', '2 X', '1 done', '1 tidy'], areAsFound: true }],
      ['Todo', { tag: 'Todo', changed: 2, notes: ['2 x,Todo,To do', '2 Todo', '1 done', '1 tidy'], areAsFound: true }],
    ],
  }),
]

export const tagEffects: readonly Effect[] = [...lists, ...renames]
