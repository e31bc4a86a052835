import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { beforeAll, describe, expect, test } from 'vitest'
import { insertNoteAlone } from '../../src/notes/core/notes.ts'
import { usePerson, useServer } from '../support/fixtures.ts'
import { countLockWaits } from '../support/locks.ts'
import { type Answer, type Person, enrol } from '../support/people.ts'
import { newNote, nextOf } from './new-note.ts'

const server = useServer()
const ann = usePerson(server)
const bob = usePerson(server)

const tagsOf = async (who: Person) =>
  (await who.ask('GET', '/tags')).list.map(({ tag, count }) => `${String(tag)} ${String(count)}`)

/** The titles of every page of a list. */
async function titles(who: Person, query: string): Promise<string[]> {
  const found: string[] = []
  for (let address: string | undefined = `/notes?limit=2&${query}`; address !== undefined;) {
    const page: Answer = await who.ask('GET', address)
    expect(page.status, page.text).toBe(200)
    found.push(...page.list.map(({ title }) => String(title)))
    address = nextOf(page.headers)
  }
  return found
}

describe('tags', () => {
  test('keep their case and order; a tag that differs only in case or Unicode form is the same', async () => {
    const made = await ann.ask('POST', '/notes', {
      body: { title: 'a', content: 'b', tags: ['Work', 'e\u0301', 'work', '\u00e9', 'Week 48'] },
    })
    expect(made.body['tags']).toEqual(['Work', '\u00e9', 'Week 48'])
  })

  const same: readonly (readonly string[])[] = [
    ['Straße', 'STRASSE', 'straẞe'],
    ['ΣΊΣΥΦΟΣ', 'σίσυφος', 'Σίσυφοσ'],
    ['İ', 'i\u0307'],
    ['ǰ', 'J\u030c'],
    ['ᾳ', 'ΑΙ', 'ᾼ'],
    ['ſ', 's', 'S'],
    ['\u1c80', 'в', 'В'],
    ['й', 'Й', 'и\u0306'],
    ['ŉ', 'ʼN'],
    ['ﬃ', 'FFI'],
    ['Å', '\u212b', 'a\u030a'],
    ['ꭰ', 'Ꭰ'],
  ]

  test.each(same)(
    '%s, %s and their like are one tag: found, removed and renamed by each spelling',
    async (...spellings) => {
      const [first = '', ...others] = spellings
      const gina = await enrol(server)
      const made = await newNote(gina, { tags: spellings })
      expect((await gina.ask('GET', made.path)).body['tags']).toEqual([first.normalize('NFC')])
      for (const other of others) {
        expect((await gina.ask('GET', `/notes?tag=${encodeURIComponent(other)}`)).list).toHaveLength(1)
        const removal = { note_id: made.id, action: 'remove_tags', tags: [other] }
        await gina.ask('POST', '/notes/batch', { body: { actions: [removal] } })
        expect((await gina.ask('GET', made.path)).body['tags']).toEqual([])
        await gina.ask('PATCH', made.path, { body: { tags: [first] } })
      }
      const renamed = await gina.ask('POST', '/tags/rename', { body: { from: [others[0]], to: 'x' } })
      expect(renamed.body).toEqual({ tag: 'x', changed: 1 })
    },
  )

  test('with letters that are not the same without regard to case stay apart', async () => {
    const tags = ['ı', 'i', 'İ', 'и', 'й', 'ه', 'ة', 'ö', 'o', 'oe']
    const { path } = await newNote(ann, { tags })
    expect((await ann.ask('GET', path)).body['tags']).toEqual(tags)
  })

  test.each([
    [[' work']],
    [['work ']],
    [['to  do']],
    [['']],
    [['a\tb']],
    [['a'.repeat(65)]],
    [Array.from({ length: 33 }, (_, index) => `t${index}`)],
  ])('refuses %j', async (tags) => {
    expect((await ann.ask('POST', '/notes', { body: { title: 'a', content: 'b', tags } })).status).toBe(422)
  })

  test('of characters that grow by compatibility normalization are accepted, found and counted', async () => {
    const gina = await enrol(server)
    const tags = ['\uFDFA'.repeat(64), '\u{1F370}'.repeat(64)]
    const { path } = await newNote(gina, { tags })
    expect((await gina.ask('GET', path)).body['tags']).toEqual(tags)
    for (const tag of tags)
      expect((await gina.ask('GET', `/notes?limit=1&tag=${encodeURIComponent(tag)}`)).list).toHaveLength(1)
    const page = await gina.ask('GET', '/tags?limit=1')
    expect((await gina.ask('GET', String(nextOf(page.headers)))).list).toHaveLength(1)
  })

  test('listTags counts the notes of each tag, except those in the trash', async () => {
    const carl = await enrol(server)
    await newNote(carl, { tags: ['b', 'A'] })
    const gone = await newNote(carl, { tags: ['a', 'c'] })
    const { path } = await newNote(carl, { tags: ['B', 'd'] })
    expect(await tagsOf(carl)).toEqual(['A 2', 'B 2', 'c 1', 'd 1'])
    await carl.ask('DELETE', gone.path)
    await carl.ask('PATCH', path, { body: { tags: ['e'] } })
    expect(await tagsOf(carl)).toEqual(['A 1', 'b 1', 'e 1'])
    await carl.ask('POST', `/trash/${gone.id}/restore`)
    expect(await tagsOf(carl)).toEqual(['A 2', 'b 1', 'c 1', 'e 1'])
    const page = await carl.ask('GET', '/tags?limit=3')
    expect((await carl.ask('GET', String(nextOf(page.headers)))).list).toEqual([{ tag: 'e', count: 1 }])
  })

  test('renameTags merges several tags into one, in every note, as a version that can be undone', async () => {
    const dora = await enrol(server)
    const one = await newNote(dora, { tags: ['x', 'tidy', 'y', 'To do'] })
    const two = await newNote(dora, { tags: ['TIDY'] })
    const done = await newNote(dora, { tags: ['Task', 'z'] })
    const theirs = await newNote(bob, { tags: ['tidy'] })
    const reply = await dora.ask('POST', '/tags/rename', { body: { from: ['tidy', 'to do', 'task'], to: 'Task' } })
    expect(reply.body).toEqual({ tag: 'Task', changed: 2 })
    expect((await dora.ask('GET', one.path)).body).toMatchObject({ tags: ['x', 'Task', 'y'], version: 2 })
    expect((await dora.ask('GET', two.path)).body).toMatchObject({ tags: ['Task'], version: 2 })
    expect((await dora.ask('GET', done.path)).body).toMatchObject({ tags: ['Task', 'z'], version: 1 })
    expect((await bob.ask('GET', theirs.path)).body).toMatchObject({ tags: ['tidy'], version: 1 })
    expect(await tagsOf(dora)).toEqual(['Task 3', 'x 1', 'y 1', 'z 1'])
    expect(
      (await dora.ask('POST', '/tags/rename', { body: { from: ['tidy', 'task'], to: 'Task' } })).body['changed'],
    ).toBe(0)
    expect((await dora.ask('POST', `${one.path}/revisions/1/restore`)).body['tags']).toEqual([
      'x',
      'tidy',
      'y',
      'To do',
    ])
  })

  test('renameTags renames all notes, even if the first of them leave for the trash meanwhile', async () => {
    const hana = await enrol(server)
    const ownerId = String((await hana.ask('GET', '/users/me')).body['id'])
    const flags = { is_public: false, is_pinned: false, is_archived: false }
    const note = { title: 'a', content: 'b', tags: ['old'], ...flags, changed_by_kind: null, changed_by_id: null }
    // One more than a batch.
    const ids = Array.from({ length: 201 }, () => uuidv7())
    for (const id of ids) await insertNoteAlone(server.db, ownerId, { id, ...note })
    const [left = '', ...trashed] = ids.toReversed()
    const renaming = await server.db.transaction().execute(async (tx) => {
      await tx
        .updateTable('notes')
        .set({ deleted_at: sql<string>`now()` })
        .where('id', 'in', trashed)
        .execute()
      await tx.deleteFrom('note_tags').where('note_id', 'in', trashed).execute()
      const request = hana.ask('POST', '/tags/rename', { body: { from: ['old'], to: 'new' } })
      await expect.poll(() => countLockWaits(server.db)).toBe(1)
      return { request }
    })
    expect((await renaming.request).body).toEqual({ tag: 'new', changed: 1 })
    expect((await hana.ask('GET', `/notes/${left}`)).body['tags']).toEqual(['new'])
    expect(await tagsOf(hana)).toEqual(['new 1'])
  })

  test('renameTags changes the case of a tag', async () => {
    const emma = await enrol(server)
    const { path } = await newNote(emma, { tags: ['work'] })
    expect((await emma.ask('POST', '/tags/rename', { body: { from: ['work'], to: 'Work' } })).body).toEqual({
      tag: 'Work',
      changed: 1,
    })
    expect((await emma.ask('GET', path)).body['tags']).toEqual(['Work'])
    expect(await tagsOf(emma)).toEqual(['Work 1'])
  })
})

describe('listNotes', () => {
  let fred: Person
  beforeAll(async () => {
    fred = await enrol(server)
    const notes: [string, Record<string, unknown>][] = [
      ['banana', { tags: ['fruit', 'Yellow'] }],
      ['Apple', { tags: ['fruit'], is_pinned: true }],
      ['cherry', { tags: ['fruit', 'red'], is_archived: true }],
      ['apple', { tags: ['company'], is_public: true }],
      ['Zebra', { tags: [] }],
    ]
    for (const [title, fields] of notes) await newNote(fred, { title, ...fields })
    const [first] = (await fred.ask('GET', '/notes?sort=created_at&limit=1')).list
    await fred.ask('PATCH', `/notes/${String(first?.['id'])}`, { body: { content: 'changed' } })
  })

  const all = ['banana', 'Apple', 'cherry', 'apple', 'Zebra']
  test.each([
    ['sort=created_at', all],
    ['sort=-created_at', all.toReversed()],
    ['', all.toReversed()],
    ['sort=updated_at', ['Apple', 'cherry', 'apple', 'Zebra', 'banana']],
    ['sort=-updated_at', ['banana', 'Zebra', 'apple', 'cherry', 'Apple']],
    ['sort=title', ['Apple', 'apple', 'banana', 'cherry', 'Zebra']],
    ['sort=-title', ['Zebra', 'cherry', 'banana', 'apple', 'Apple']],
    ['tag=FRUIT', ['cherry', 'Apple', 'banana']],
    ['tag=fruit&tag=yellow', ['banana']],
    ['tag=fruit&tag=company', []],
    ['is_pinned=true', ['Apple']],
    ['is_archived=false', ['Zebra', 'apple', 'Apple', 'banana']],
    ['is_archived=true&tag=red', ['cherry']],
    ['is_public=true', ['apple']],
    ['is_public=false&sort=title&tag=fruit', ['Apple', 'banana', 'cherry']],
  ])('%s', async (query, expected) => {
    expect(await titles(fred, query)).toEqual(expected)
  })

  test('updated_since finds notes that changed at that moment or later', async () => {
    const [latest] = (await fred.ask('GET', '/notes?sort=-updated_at&limit=1')).list
    expect(await titles(fred, `updated_since=${String(latest?.['updated_at'])}`)).toEqual(['banana'])
    expect((await fred.ask('GET', '/notes?updated_since=yesterday')).status).toBe(422)
  })

  test('a cursor is valid only with the filters and the order that it was made for', async () => {
    const next = String(nextOf((await fred.ask('GET', '/notes?limit=1&tag=fruit')).headers))
    expect((await fred.ask('GET', next)).status).toBe(200)
    for (const other of [
      next.replace('tag=fruit', 'tag=red'),
      next.replace('tag=fruit&', ''),
      `${next}&sort=title`,
      `${next}&is_public=false`,
    ]) {
      expect((await fred.ask('GET', other)).status).toBe(422)
    }
  })

  test("shows only the caller's own notes, whatever the filter", async () => {
    expect(await titles(bob, 'tag=fruit')).toEqual([])
    expect(await titles(bob, 'is_pinned=true')).toEqual([])
  })
})
