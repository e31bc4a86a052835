import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { purgeNotes } from '../../src/notes/purge.ts'
import { allRows } from '../contract/harness/database-rows.ts'
import { usePerson, useServer } from '../support/fixtures.ts'
import { type Person, enrol } from '../support/people.ts'
import { type MadeNote, newNote, nextOf } from './new-note.ts'

const server = useServer()
const ann = usePerson(server)
const bob = usePerson(server)

async function trashed(owner: Person, fields: Record<string, unknown> = {}): Promise<MadeNote> {
  const note = await newNote(owner, fields)
  expect((await owner.ask('DELETE', note.path)).status).toBe(204)
  return note
}

async function rowsOf(noteId: string): Promise<number[]> {
  const { rows } = await sql<{ counts: number[] }>`select array[
    (select count(*) from notes where id = ${noteId}),
    (select count(*) from note_revisions where note_id = ${noteId}),
    (select count(*) from note_texts where note_id = ${noteId}),
    (select count(*) from note_tags where note_id = ${noteId})]::int[] as counts`.execute(server.db)
  return rows[0]?.counts ?? []
}

test('a deleted note is in the trash and nowhere else', async () => {
  const { id, path } = await trashed(ann, { title: 'Gone', tags: ['t'] })
  expect((await ann.ask('GET', '/trash')).list[0]).toMatchObject({ id, title: 'Gone', tags: ['t'], version: 1 })
  expect((await ann.ask('GET', '/notes')).list.some((note) => note['id'] === id)).toBe(false)
  for (const [method, rest] of [
    ['GET', ''],
    ['PUT', ''],
    ['PATCH', ''],
    ['DELETE', ''],
    ['GET', '/revisions'],
    ['GET', '/revisions/1'],
    ['POST', '/revisions/1/restore'],
  ] as const) {
    const body = method === 'PUT' || method === 'PATCH' ? { title: 'x' } : undefined
    expect((await ann.ask(method, `${path}${rest}`, { body })).status).toBe(404)
  }
})

test('the trash shows until when a note can be restored', async () => {
  await trashed(ann)
  const [note] = (await ann.ask('GET', '/trash')).list
  const days = (Date.parse(String(note?.['erased_after'])) - Date.parse(String(note?.['deleted_at']))) / 86_400_000
  expect(days).toBe(30)
})

test('restoreNote restores a note unchanged, with its history', async () => {
  const { path, id } = await newNote(ann, { tags: ['a'] })
  await ann.ask('PUT', path, { body: { content: 'Second' } })
  const before = await ann.ask('GET', path)
  await ann.ask('DELETE', path)
  const restored = await ann.ask('POST', `/trash/${id}/restore`)
  expect(restored.status).toBe(200)
  expect(restored.body).toEqual(before.body)
  expect((await ann.ask('GET', path)).body).toEqual(before.body)
  expect((await ann.ask('GET', `${path}/revisions/1`)).body['content']).toBe('Hello')
  expect((await ann.ask('POST', `/trash/${id}/restore`)).status).toBe(404)
})

test('eraseNote erases a note in the trash with all of its data; a note outside the trash stays', async () => {
  const { id, path } = await newNote(ann, { tags: ['a'] })
  await ann.ask('PUT', path, { body: { content: 'Second' } })
  expect((await ann.ask('DELETE', `/trash/${id}`)).status).toBe(404)
  expect(await rowsOf(id)).toEqual([1, 1, 1, 1])
  await ann.ask('DELETE', path)
  expect((await ann.ask('DELETE', `/trash/${id}`)).status).toBe(204)
  expect(await rowsOf(id)).toEqual([0, 0, 0, 0])
  expect((await ann.ask('POST', `/trash/${id}/restore`)).status).toBe(404)
})

test.each(['one', 'all'])('nothing of the text is left in the database when %s is erased', async (what) => {
  const secret = `secret-${what}`
  const headers = { 'Idempotency-Key': secret }
  const made = await ann.ask('POST', '/notes', { body: { title: 'x', content: secret, tags: [secret] }, headers })
  const { id } = made.body
  await ann.ask('POST', `/notes/${String(id)}/edits`, { body: { edits: [{ op: 'append', text: 'more' }] }, headers })
  await ann.ask('DELETE', `/notes/${String(id)}`)
  const before = await allRows(server.db)
  expect(before.filter((row) => row.includes(secret)).length).toBeGreaterThan(2)
  expect((await ann.ask('DELETE', what === 'one' ? `/trash/${String(id)}` : '/trash')).status).toBe(204)
  const after = await allRows(server.db)
  expect(after.filter((row) => row.includes(secret))).toEqual([])
  // For a while the log says that there was such a note, so that clients delete their copies.
  const left = after.filter((row) => row.includes(String(id)))
  expect(left).toEqual([expect.stringMatching(/^note_changes .*,erase,/)])
})

test('emptyTrash erases the whole trash and nothing else', async () => {
  const carl = await enrol(server)
  const kept = await newNote(carl)
  await Promise.all(Array.from({ length: 5 }, () => trashed(carl)))
  const theirs = await trashed(bob)
  expect((await carl.ask('DELETE', '/trash')).status).toBe(204)
  expect((await carl.ask('GET', '/trash')).list).toEqual([])
  expect((await carl.ask('GET', kept.path)).status).toBe(200)
  expect((await bob.ask('POST', `/trash/${theirs.id}/restore`)).status).toBe(200)
})

test("another user's trash is inaccessible", async () => {
  const { id } = await trashed(ann)
  expect((await bob.ask('GET', '/trash')).list.some((note) => note['id'] === id)).toBe(false)
  expect((await bob.ask('POST', `/trash/${id}/restore`)).status).toBe(404)
  expect((await bob.ask('DELETE', `/trash/${id}`)).status).toBe(404)
  expect((await ann.ask('POST', `/trash/${id}/restore`)).status).toBe(200)
})

test('following Link visits every deleted note once, the last deleted first', async () => {
  const dora = await enrol(server)
  const ids: string[] = []
  for (let count = 0; count < 5; count += 1) ids.unshift((await trashed(dora)).id)
  const seen: unknown[] = []
  for (let address: string | undefined = '/trash?limit=2'; address !== undefined;) {
    const page: Awaited<ReturnType<Person['ask']>> = await dora.ask('GET', address)
    seen.push(...page.list.map(({ id }) => id))
    address = nextOf(page.headers)
  }
  expect(seen).toEqual(ids)
})

test('notes in the trash for longer than the setting are erased, except those that are locked', async () => {
  const emma = await enrol(server)
  const notes = [await trashed(emma), await trashed(emma), await trashed(emma), await newNote(emma)]
  const age = (id: string | undefined, days: number) =>
    sql`update notes set deleted_at = now() - make_interval(days => ${days}) where id = ${id}`.execute(server.db)
  await age(notes[0]?.id, 31)
  await age(notes[1]?.id, 31)
  await age(notes[2]?.id, 29)
  await server.db.transaction().execute(async (holder) => {
    await sql`select from notes where id = ${notes[1]?.id} for update`.execute(holder)
    await purgeNotes(server.db, { trashDays: 30, historyDays: 365 }, () => false)
  })
  const counts = await Promise.all(notes.map(async ({ id }) => (await rowsOf(id))[0]))
  expect(counts).toEqual([0, 1, 1, 1])
  await purgeNotes(server.db, { trashDays: 30, historyDays: 365 }, () => false)
  expect((await emma.ask('GET', '/trash')).list.map(({ id }) => id)).toEqual([notes[2]?.id])
})
