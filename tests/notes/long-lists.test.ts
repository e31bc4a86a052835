import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { beforeEach, expect, test } from 'vitest'
import { inTransaction } from '../../src/db/transaction.ts'
import { useServer } from '../support/fixtures.ts'
import { enrol, type Person, userIdOf } from '../support/people.ts'
import { nextOf } from './new-note.ts'

const MIB = 1024 * 1024
// The texts are too long to be recorded.
const server = useServer({ isRecorded: false })
let ann: Person

beforeEach(async () => {
  ann = await enrol(server)
})

/** Notes of this size, as texts that differ, the newest last. */
async function makeNotes(count: number, size = MIB, isTrashed = false): Promise<string[]> {
  const ids = Array.from({ length: count }, () => uuidv7())
  await sql`
    insert into notes (id, owner_id, title, content, created_at, deleted_at)
    select id, ${userIdOf(ann)}, 'Note ' || place, rpad(place || ' ', ${size}::int, 'x'),
      now() + make_interval(secs => place), ${isTrashed ? sql`now() + make_interval(secs => place)` : sql`null`}
    from unnest(${ids}::uuid[]) with ordinality as note (id, place)`.execute(server.db)
  return ids
}

/** The pages of a list from an address on, each as the ids of its notes. */
async function pagesOf(first: string): Promise<string[][]> {
  const pages: string[][] = []
  for (let path: string | undefined = first; path !== undefined;) {
    const { status, list, headers } = await ann.ask('GET', path)
    expect(status).toBe(200)
    for (const note of list) expect(String(note['content'])).toMatch(new RegExp(`^${String(note['title']).slice(5)} x`))
    pages.push(list.map(({ id }) => String(id)))
    path = nextOf(headers)
  }
  return pages
}

test.each<[list: string, isTrashed: boolean]>([
  ['/notes?limit=100', false],
  ['/notes?limit=100&sort=-title', false],
  ['/trash?limit=100', true],
])(
  'a page of %s ends before it has more than 8 MiB of text, and Link leads on to all the rest',
  async (path, isTrashed) => {
    const ids = await makeNotes(9, MIB, isTrashed)
    const pages = await pagesOf(path)
    expect(pages.map(({ length }) => length)).toEqual([8, 1])
    expect(pages.flat()).toEqual(ids.toReversed())
  },
)

test('a note that alone has more text than is read at once is listed, and so are short ones beside it', async () => {
  const ids = [...(await makeNotes(2, 100)), ...(await makeNotes(1)), ...(await makeNotes(1, 100))]
  const content = '語'.repeat(MIB)
  await server.db.updateTable('notes').set({ content }).where('id', '=', String(ids[2])).execute()
  const { list } = await ann.ask('GET', '/notes')
  expect(new Set(list.map(({ id }) => id))).toEqual(new Set(ids))
  expect(list.find(({ id }) => id === ids[2])?.['content']).toBe(content)
})

test('with skip a page stays whole, however much text it has', async () => {
  const ids = await makeNotes(21)
  expect(await pagesOf('/notes?limit=20&skip=1')).toEqual([ids.slice(0, 20).toReversed()])
  const { list } = await ann.ask('GET', '/notes?limit=20&skip=0')
  expect(list).toHaveLength(20)
  expect(list[0]).toEqual((await ann.ask('GET', `/notes/${ids.at(-1)}`)).body)
})

/** A list of which only the beginning was read: the rest of it is not made before it is read. */
async function begin(path: string) {
  const response = await fetch(`${server.url}${path}`, { headers: { Authorization: `Bearer ${ann.accessToken}` } })
  const reader = response.body?.getReader()
  if (reader === undefined) throw new Error('There is no body')
  const chunks = [(await reader.read()).value ?? new Uint8Array()]
  return {
    cancel: () => reader.cancel(),
    rest: async (): Promise<Record<string, unknown>[]> => {
      for (let part = await reader.read(); !part.done; part = await reader.read()) chunks.push(part.value)
      return JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>[]
    },
  }
}

test('a note that changes while the list is sent is listed as it was, and one that is erased is left out', async () => {
  const ids = await makeNotes(60)
  const [changed = '', erased = '', trashed = '', flagged = ''] = ids
  const list = await begin('/notes?limit=60&skip=0')
  const before = (await ann.ask('GET', `/notes/${changed}`)).body
  await ann.ask('PUT', `/notes/${changed}`, { body: { content: 'new', title: 'new' } })
  await ann.ask('PATCH', `/notes/${flagged}`, { body: { is_pinned: true } })
  for (const id of [erased, trashed]) await ann.ask('DELETE', `/notes/${id}`)
  await ann.ask('DELETE', `/trash/${erased}`)
  const notes = await list.rest()
  expect(notes.map(({ id }) => id)).toEqual(ids.filter((id) => id !== erased).toReversed())
  expect(notes.at(-1)).toEqual(before)
  expect(notes.at(-3)).toMatchObject({ id: flagged, is_pinned: false, version: 1 })
})

test('a note whose listed version is no longer kept is listed as it is now', async () => {
  const ids = await makeNotes(60)
  const list = await begin('/notes?limit=60&skip=0')
  await ann.ask('PUT', `/notes/${ids[0]}`, { body: { content: 'new' } })
  await sql`delete from note_revisions where note_id = ${ids[0]}`.execute(server.db)
  expect((await list.rest()).at(-1)).toEqual((await ann.ask('GET', `/notes/${ids[0]}`)).body)
})

test('lists that nobody reads hold no connection and no transaction', async () => {
  await makeNotes(60)
  const lists = await Promise.all(Array.from({ length: 12 }, () => begin('/notes?limit=60&skip=0')))
  const all = Array.from({ length: 10 }, () => inTransaction(server.db, (tx) => sql`select 1`.execute(tx)))
  await Promise.all(all)
  const { rows } = await sql`select from pg_stat_activity
    where datname = current_database() and state like 'idle in transaction%'`.execute(server.db)
  expect(rows).toEqual([])
  expect((await ann.ask('GET', '/users/me')).status).toBe(200)
  await Promise.all(lists.map(({ cancel }) => cancel()))
})
