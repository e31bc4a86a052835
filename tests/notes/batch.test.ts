import { expect, test } from 'vitest'
import { usePerson, useServer } from '../support/fixtures.ts'
import type { Person } from '../support/people.ts'
import { newNote } from './new-note.ts'

const server = useServer()
const ann = usePerson(server)
const bob = usePerson(server)

const twentyTags = (prefix: string) => Array.from({ length: 20 }, (_, index) => `${prefix}${index}`)
const batch = (who: Person, actions: readonly Record<string, unknown>[]) =>
  who.ask('POST', '/notes/batch', { body: { actions } })

test('each action has its documented effect and makes its own version', async () => {
  const { id, path } = await newNote(ann, { tags: ['a', 'B'] })
  const actions = [
    { action: 'pin' },
    { action: 'archive' },
    { action: 'publish' },
    { action: 'add_tags', tags: ['b', 'c'] },
    { action: 'remove_tags', tags: ['A', 'nothing'] },
  ].map((action) => ({ note_id: id, ...action }))
  const { status, body } = await batch(ann, actions)
  expect(status).toBe(200)
  expect(body).toMatchObject({ succeeded: 5, failed: 0 })
  const pinned = { is_pinned: true, is_archived: true, is_public: true, tags: ['B', 'c'], version: 6 }
  expect((await ann.ask('GET', path)).body).toMatchObject(pinned)
  expect((await batch(ann, actions)).body).toMatchObject({
    succeeded: 5,
    results: actions.map(() => ({ note_id: id, status: 200, version: 6 })),
  })
  const away = ['unpin', 'unarchive', 'unpublish', 'trash', 'trash'].map((action) => ({ note_id: id, action }))
  expect((await batch(ann, away)).body).toMatchObject({ succeeded: 5, failed: 0 })
  expect((await ann.ask('GET', path)).status).toBe(404)
  await batch(ann, [{ note_id: id, action: 'restore' }])
  expect((await ann.ask('GET', path)).body).toMatchObject({
    is_pinned: false,
    is_archived: false,
    is_public: false,
    version: 9,
  })
})

test('a batch that half fails reports which half, and only the other half takes effect', async () => {
  const notes = await Promise.all(Array.from({ length: 100 }, (_, index) => newNote(index % 4 === 1 ? bob : ann)))
  await Promise.all(
    notes
      .filter((_, index) => index % 4 === 3)
      .map(({ path }) => ann.ask('PATCH', path, { body: { title: 'Changed' } })),
  )
  const { status, body } = await batch(
    ann,
    notes.map(({ id }) => ({ note_id: id, action: 'pin', version: 1 })),
  )
  expect(status).toBe(200)
  expect(body).toMatchObject({ succeeded: 50, failed: 50 })
  const results = body['results'] as { note_id: string; status: number; version?: number; problem?: { type: string } }[]
  expect(results.map(({ note_id }) => note_id)).toEqual(notes.map(({ id }) => id))
  expect(results.map((result) => result.status)).toEqual(notes.map((_, index) => [200, 404, 200, 412][index % 4]))
  expect(results[1]?.problem).toEqual({
    type: '/problems/not-found',
    title: 'Not found',
    detail: 'There is no such note.',
  })
  expect(results[3]?.problem).toMatchObject({ type: '/problems/note-changed' })
  const pinned = await Promise.all(notes.map(({ path }, index) => (index % 4 === 1 ? bob : ann).ask('GET', path)))
  expect(pinned.map((reply) => reply.body['is_pinned'])).toEqual(notes.map((_, index) => index % 2 === 0))
})

test('an action that would break the bounds of a note fails alone', async () => {
  const { id, path } = await newNote(ann, { tags: twentyTags('a') })
  const { body } = await batch(ann, [
    { note_id: id, action: 'add_tags', tags: twentyTags('b') },
    { note_id: id, action: 'pin' },
  ])
  expect(body).toMatchObject({ succeeded: 1, failed: 1, results: [{ status: 422 }, { status: 200, version: 2 }] })
  expect((await ann.ask('GET', path)).body).toMatchObject({ tags: twentyTags('a'), is_pinned: true })
})

test('a request that breaks the contract takes no action at all', async () => {
  const { id, path } = await newNote(ann)
  for (const wrong of [{ action: 'explode' }, { action: 'add_tags' }, { action: 'pin', tags: ['x'] }]) {
    expect(
      (
        await batch(ann, [
          { note_id: id, action: 'pin' },
          { note_id: id, ...wrong },
        ])
      ).status,
    ).toBe(422)
  }
  const many = Array.from({ length: 101 }, () => ({ note_id: id, action: 'pin' }))
  expect((await batch(ann, many)).status).toBe(422)
  expect((await ann.ask('GET', path)).body['version']).toBe(1)
})
