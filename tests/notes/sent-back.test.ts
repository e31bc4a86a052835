import { expect, test } from 'vitest'
import { usePerson, useServer } from '../support/fixtures.ts'
import { newNote } from './new-note.ts'

const ann = usePerson(useServer())

/** A note as GET gives it. */
async function readNote(fields: Record<string, unknown> = {}) {
  const { path } = await newNote(ann, fields)
  const { body, headers } = await ann.ask('GET', path)
  return { path, read: body, ifMatch: { 'If-Match': headers.get('etag') ?? '' } }
}

test.each(['PUT', 'PATCH'])('%s takes the note that GET gave, as it is and with a change', async (method) => {
  const { path, read, ifMatch } = await readNote({ tags: ['a'], is_pinned: true })
  const unchanged = await ann.ask(method, path, { body: read, headers: ifMatch })
  expect(unchanged.status, unchanged.text).toBe(200)
  expect(unchanged.body).toEqual(read)
  const changed = await ann.ask(method, path, { body: { ...read, content: 'New' }, headers: ifMatch })
  expect(changed.body).toEqual({ ...read, content: 'New', version: 2, updated_at: changed.body['updated_at'] })
})

test('one reply names all fields of the server that would change, and the note keeps its fields', async () => {
  const { path, read } = await readNote()
  const past = '2020-01-01T00:00:00Z'
  const other = { ...read, title: 'New', version: 7, created_at: past, updated_at: past }
  const refused = await ann.ask('PUT', path, { body: other })
  expect(refused.status).toBe(422)
  expect(refused.body['errors']).toMatchObject(
    ['version', 'created_at', 'updated_at'].map((name) => ({ pointer: `/${name}`, type: 'read_only' })),
  )
  expect((await ann.ask('GET', path)).body).toEqual(read)
})

test('a merge takes the note as it was read at its base, and as it is', async () => {
  const { path, read } = await readNote({ content: 'one\ntwo\nthree\n' })
  const { body: now } = await ann.ask('PUT', path, { body: { content: 'one\ntwo\nTHREE\n' } })
  const merge = (body: Record<string, unknown>) =>
    ann.ask('PATCH', `${path}?on_conflict=merge`, { body, headers: { 'If-Match': '"1"' } })
  const refused = await merge({ ...read, version: 3, content: 'ONE\ntwo\nthree\n' })
  expect(refused.body['errors']).toMatchObject([{ pointer: '/version', type: 'read_only' }])
  const merged = await merge({ ...read, content: 'ONE\ntwo\nthree\n' })
  expect(merged.body['content'], merged.text).toBe('ONE\ntwo\nTHREE\n')
  const { id, owner_id, created_at } = now
  const again = await merge({ id, owner_id, created_at, version: 3, tags: ['x'] })
  expect(again.body['tags'], again.text).toEqual(['x'])
})

test('a note that was changed meanwhile is not overwritten by what was read before', async () => {
  const { path, read, ifMatch } = await readNote()
  await ann.ask('PUT', path, { body: { content: 'Of another client' } })
  expect((await ann.ask('PUT', path, { body: { ...read, content: 'Mine' } })).status).toBe(422)
  expect((await ann.ask('PUT', path, { body: { ...read, content: 'Mine' }, headers: ifMatch })).status).toBe(412)
  expect((await ann.ask('GET', path)).body['content']).toBe('Of another client')
})
