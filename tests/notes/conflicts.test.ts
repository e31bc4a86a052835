import { describe, expect, test } from 'vitest'
import { newNote } from './new-note.ts'
import { usePerson, useServer } from '../support/fixtures.ts'

const server = useServer()
const ann = usePerson(server)

const merge = (path: string, body: Record<string, unknown>, version = 1) =>
  ann.ask('PATCH', `${path}?on_conflict=merge`, { body, headers: { 'If-Match': `"${version}"` } })

test('a 412 carries the current note and the version that the client had read', async () => {
  const { path } = await newNote(ann, { tags: ['a'] })
  const read = await ann.ask('GET', path)
  await ann.ask('PUT', path, { body: { content: 'Theirs', tags: ['b'] } })
  const refused = await ann.ask('PUT', path, { body: { content: 'Mine' }, headers: { 'If-Match': '"1"' } })
  expect(refused.status).toBe(412)
  expect(refused.body['current']).toEqual((await ann.ask('GET', path)).body)
  expect(refused.body['base']).toMatchObject({
    version: 1,
    title: 'First',
    content: 'Hello',
    tags: ['a'],
    created_at: read.body['updated_at'],
  })
})

test('a 412 has no base when the version that the client had read is not kept or never existed', async () => {
  const { id, path } = await newNote(ann)
  await ann.ask('PUT', path, { body: { content: 'Second' } })
  const never = await ann.ask('PUT', path, { body: { content: 'x' }, headers: { 'If-Match': '"7"' } })
  expect([never.status, never.body['base']]).toEqual([412, undefined])
  await server.db.deleteFrom('note_revisions').where('note_id', '=', id).execute()
  const dropped = await merge(path, { content: 'x' })
  expect([dropped.status, dropped.body['base']]).toEqual([412, undefined])
  expect((await ann.ask('GET', path)).body).toMatchObject({ content: 'Second', version: 2 })
})

test('a change that changes nothing makes no version', async () => {
  const { path } = await newNote(ann, { tags: ['a'] })
  const same = await ann.ask('PUT', path, { body: { title: 'First', content: 'Hello', tags: ['a'], is_pinned: false } })
  expect(same.status).toBe(200)
  expect(same.body['version']).toBe(1)
  expect(same.body['updated_at']).toBe(same.body['created_at'])
})

const twentyTags = (prefix: string) => Array.from({ length: 20 }, (_, index) => `${prefix}${index}`)

describe('patchNote with on_conflict=merge', () => {
  const text = 'one\ntwo\nthree\nfour\nfive\n'
  const lines = (change: Record<string, string>) => text.replaceAll(/\w+/g, (word) => change[word] ?? word)

  interface Case {
    readonly name: string
    readonly base?: Record<string, unknown>
    readonly theirs: Record<string, unknown>
    readonly mine: Record<string, unknown>
    readonly merged: Record<string, unknown>
  }
  const clean: Case[] = [
    {
      name: 'disjoint lines',
      theirs: { content: lines({ one: 'ONE' }) },
      mine: { content: lines({ five: 'FIVE' }) },
      merged: { content: lines({ one: 'ONE', five: 'FIVE' }) },
    },
    {
      name: 'the same change on both sides',
      theirs: { content: lines({ two: '2' }) },
      mine: { content: lines({ two: '2' }) },
      merged: { content: lines({ two: '2' }) },
    },
    {
      name: 'title and content',
      theirs: { title: 'Renamed' },
      mine: { content: 'Changed' },
      merged: { title: 'Renamed', content: 'Changed' },
    },
    {
      name: 'a line deleted here, another edited there',
      theirs: { content: text.replace('two\n', '') },
      mine: { content: lines({ five: 'FIVE' }) },
      merged: { content: lines({ five: 'FIVE' }).replace('two\n', '') },
    },
    {
      name: 'CRLF',
      base: { content: 'a\r\nb\r\nc\r\nd\r\n' },
      theirs: { content: 'A\r\nb\r\nc\r\nd\r\n' },
      mine: { content: 'a\r\nb\r\nc\r\nD\r\n' },
      merged: { content: 'A\r\nb\r\nc\r\nD\r\n' },
    },
    {
      name: 'emoji',
      base: { content: '👩‍👩‍👧 a\nb\nc 🍰\n' },
      theirs: { content: '👩‍👩‍👦 a\nb\nc 🍰\n' },
      mine: { content: '👩‍👩‍👧 a\nb\nc 🍪\n' },
      merged: { content: '👩‍👩‍👦 a\nb\nc 🍪\n' },
    },
    {
      name: 'tags and flags',
      base: { tags: ['a', 'b', 'c'] },
      theirs: { tags: ['b', 'c', 'd'], is_pinned: true },
      mine: { tags: ['a', 'B', 'e'], is_public: true },
      merged: { tags: ['B', 'd', 'e'], is_pinned: true, is_public: true },
    },
  ]
  test.each(clean)('keeps both sides: $name', async ({ base, theirs, mine, merged }) => {
    const { path } = await newNote(ann, { content: text, ...base })
    expect((await ann.ask('PUT', path, { body: theirs })).status).toBe(200)
    const reply = await merge(path, mine)
    expect(reply.status).toBe(200)
    expect(reply.body).toMatchObject(merged)
    expect((await ann.ask('GET', path)).body).toEqual(reply.body)
  })

  const overlapping: Case[] = [
    {
      name: 'the same line',
      theirs: { content: lines({ two: 'deux' }) },
      mine: { content: lines({ two: 'zwei' }) },
      merged: { base: /two/, mine: /zwei/, theirs: /deux/ },
    },
    {
      name: 'deletion against edit',
      theirs: { content: text.replace('two\n', '') },
      mine: { content: lines({ two: 'zwei' }) },
      merged: { base: /two/, mine: /zwei/, theirs: /^(?![^]*two)/ },
    },
    {
      name: 'the title',
      theirs: { title: 'Theirs' },
      mine: { title: 'Mine' },
      merged: { base: /First/, mine: /Mine/, theirs: /Theirs/ },
    },
  ]
  test.each(overlapping)('reports the conflicts and changes nothing: $name', async ({ theirs, mine, merged }) => {
    const { path } = await newNote(ann, { content: text })
    await ann.ask('PUT', path, { body: theirs })
    const refused = await merge(path, mine)
    expect(refused.status).toBe(409)
    expect(refused.body['type']).toBe('/problems/merge-conflict')
    expect(refused.headers.get('etag')).toBe('"2"')
    const conflicts = refused.body['conflicts'] as Record<string, string>[]
    expect(conflicts).toHaveLength(1)
    for (const [side, pattern] of Object.entries(merged)) expect(conflicts[0]?.[side]).toMatch(pattern as RegExp)
    const current = await ann.ask('GET', path)
    expect(refused.body['current']).toEqual(current.body)
    expect(refused.body['base']).toMatchObject({ version: 1, content: text })
    expect(current.body).toMatchObject({ version: 2, ...theirs })
  })

  test('needs the version that the client had changed', async () => {
    const { path } = await newNote(ann)
    const body = { content: 'x' }
    expect((await ann.ask('PATCH', `${path}?on_conflict=merge`, { body })).status).toBe(422)
    expect((await ann.ask('PATCH', `${path}?on_conflict=merge`, { body, headers: { 'If-Match': '*' } })).status).toBe(
      422,
    )
    expect((await ann.ask('GET', path)).body['version']).toBe(1)
  })

  test('refuses a merge that would break the bounds of a note, and changes nothing', async () => {
    const { path } = await newNote(ann)
    await ann.ask('PUT', path, { body: { tags: twentyTags('theirs') } })
    const refused = await merge(path, { tags: twentyTags('mine') })
    expect(refused.status).toBe(422)
    expect(refused.body['errors']).toMatchObject([{ loc: ['body', 'tags'], type: 'too_long' }])
    expect((await ann.ask('GET', path)).body['version']).toBe(2)
  })

  test('20 writers that each change their own line all succeed', async () => {
    const content = Array.from({ length: 20 }, (_, index) => `line ${index}\n\n`).join('')
    const { path } = await newNote(ann, { content })
    const writers = Array.from({ length: 20 }, (_, index) =>
      merge(path, { content: content.replace(`line ${index}\n`, `changed ${index}\n`) }),
    )
    expect((await Promise.all(writers)).map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200))
    const { body } = await ann.ask('GET', path)
    expect(body).toMatchObject({ version: 21, content: content.replaceAll('line', 'changed') })
  })
})
