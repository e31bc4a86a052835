import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { type HousekeepingLimits, purgeNotes } from '../../src/notes/purge.ts'
import { usePerson, useServer } from '../support/fixtures.ts'
import type { Person } from '../support/people.ts'
import { newNote, nextOf } from './new-note.ts'

const server = useServer({ historyVersions: 60 })
const ann = usePerson(server)
const bob = usePerson(server)

const clean = (limits: Partial<HousekeepingLimits> = {}) =>
  purgeNotes(server.db, { trashDays: 30, historyDays: 365, ...limits }, () => false)

/** Makes a note whose versions were written this many hours ago. */
async function noteWith(ages: readonly number[]): Promise<{ id: string; path: string }> {
  const note = await newNote(ann, { content: 'version 1' })
  for (let version = 2; version <= ages.length + 1; version += 1)
    await ann.ask('PUT', note.path, { body: { content: `version ${version}` } })
  for (const [index, hours] of ages.entries()) {
    await sql`update note_revisions
      set created_at = date_trunc('day', now()) - make_interval(mins => ${Math.round(hours * 60)})
      where note_id = ${note.id} and version = ${index + 1}`.execute(server.db)
  }
  return note
}

async function versionsOf(path: string): Promise<unknown[]> {
  return (await ann.ask('GET', `${path}/revisions?limit=100`)).list.map(({ version }) => version)
}

test('a renamed tag drops the oldest version of a long history, like every other change', async () => {
  const { path } = await newNote(ann, { tags: ['old'] })
  for (let version = 2; version <= 61; version += 1) await ann.ask('PATCH', path, { body: { title: `${version}` } })
  expect(await versionsOf(path)).toHaveLength(61)
  await ann.ask('POST', '/tags/rename', { body: { from: ['old'], to: 'new' } })
  expect(await versionsOf(path)).toEqual(Array.from({ length: 61 }, (_, index) => 62 - index))
})

test('every change keeps the version before it: text, tags, flags, when and by whom', async () => {
  const { path } = await newNote(ann, { title: 'One', content: 'Grüße 🍰\r\n', tags: ['a', 'B'] })
  const first = await ann.ask('GET', path)
  await ann.ask('PATCH', path, { body: { is_pinned: true } })
  await ann.ask('PATCH', path, {
    body: { title: 'Two', content: 'Other', tags: [], is_pinned: false, is_archived: true },
  })
  expect(await versionsOf(path)).toEqual([3, 2, 1])
  const { id, owner_id, updated_at, ...fields } = first.body
  const revision = await ann.ask('GET', `${path}/revisions/1`)
  expect(revision.status).toBe(200)
  expect(revision.body).toMatchObject({ ...fields, created_at: updated_at })
  const { id: session } = await server.db
    .selectFrom('sessions')
    .select('id')
    .where('user_id', '=', String(owner_id))
    .executeTakeFirstOrThrow()
  expect(revision.body['created_by']).toEqual({ kind: 'session', id: session })
  expect((await ann.ask('GET', `${path}/revisions/2`)).body).toMatchObject({
    title: 'One',
    content: 'Grüße 🍰\r\n',
    tags: ['a', 'B'],
    is_pinned: true,
  })
  const now = await ann.ask('GET', `${path}/revisions/3`)
  expect(now.body).toMatchObject({ title: 'Two', content: 'Other', is_archived: true })
  expect((await ann.ask('GET', `/notes/${String(id)}`)).body['version']).toBe(3)
})

test('a change that keeps the text stores no text', async () => {
  const { id, path } = await newNote(ann)
  for (const is_pinned of [true, false, true]) await ann.ask('PATCH', path, { body: { is_pinned } })
  const texts = await server.db.selectFrom('note_texts').select('text_version').where('note_id', '=', id).execute()
  expect(texts).toEqual([])
  expect((await ann.ask('GET', `${path}/revisions/2`)).body).toMatchObject({ content: 'Hello', is_pinned: true })
})

test('listRevisions visits every version once by following Link', async () => {
  const { path } = await noteWith([0, 0, 0, 0, 0])
  const seen: unknown[] = []
  for (let address: string | undefined = `${path}/revisions?limit=2`; address !== undefined;) {
    const page: Awaited<ReturnType<Person['ask']>> = await ann.ask('GET', address)
    expect(page.status).toBe(200)
    seen.push(...page.list.map(({ version }) => version))
    address = nextOf(page.headers)
  }
  expect(seen).toEqual([6, 5, 4, 3, 2, 1])
})

test('compareRevisions names the fields that differ and shows the difference of the texts', async () => {
  const { path } = await newNote(ann, { content: 'a\nb\nc\n' })
  await ann.ask('PUT', path, { body: { content: 'a\nB\nc\n', is_public: true } })
  const compared = await ann.ask('GET', `${path}/revisions/1/diff`)
  expect(compared.body).toMatchObject({ from_version: 1, to_version: 2, changed: ['content', 'is_public'] })
  expect(String(compared.body['diff']).split('\n')).toEqual([
    '--- version 1',
    '+++ version 2',
    '@@ -1,3 +1,3 @@',
    ' a',
    '-b',
    '+B',
    ' c',
    '',
  ])
  const same = await ann.ask('GET', `${path}/revisions/2/diff?against=2`)
  expect(same.body).toMatchObject({ changed: [], diff: '' })
})

test('restoreRevision brings a version back as a new one, and can itself be undone', async () => {
  const { path } = await newNote(ann, { content: 'first', tags: ['a'] })
  await ann.ask('PUT', path, { body: { content: 'second', tags: ['b'] } })
  const restored = await ann.ask('POST', `${path}/revisions/1/restore`, { headers: { 'If-Match': '"2"' } })
  expect(restored.status).toBe(200)
  expect(restored.body).toMatchObject({ content: 'first', tags: ['a'], version: 3 })
  expect((await ann.ask('POST', `${path}/revisions/1/restore`)).body['version']).toBe(3)
  expect((await ann.ask('POST', `${path}/revisions/2/restore`, { headers: { 'If-Match': '"2"' } })).status).toBe(412)
  const undone = await ann.ask('POST', `${path}/revisions/2/restore`)
  expect(undone.body).toMatchObject({ content: 'second', tags: ['b'], version: 4 })
  expect(await versionsOf(path)).toEqual([4, 3, 2, 1])
})

test("a version of another user's note, of no note, or that never existed is a 404", async () => {
  const { id, path } = await newNote(ann)
  expect((await ann.ask('GET', `${path}/revisions/2`)).status).toBe(404)
  for (const [method, rest] of [
    ['GET', ''],
    ['GET', '/1'],
    ['GET', '/1/diff'],
    ['POST', '/1/restore'],
  ] as const) {
    const theirs = await bob.ask(method, `${path}/revisions${rest}`, { headers: { 'X-Request-Id': 'same' } })
    const nobodys = await bob.ask(method, `/notes/${id.slice(0, -4)}0000/revisions${rest}`, {
      headers: { 'X-Request-Id': 'same' },
    })
    expect(theirs.status).toBe(404)
    expect(theirs.text).toBe(nobodys.text)
  }
})

test('of more versions than the setting allows, the oldest are deleted and the others read unchanged', async () => {
  const { id, path } = await newNote(ann, { content: 'text of version 1\n' })
  let content = 'text of version 1\n'
  const texts = new Map([[1, content]])
  for (let version = 2; version <= 75; version += 1) {
    content = version % 10 === 0 ? `text of version ${version}\n` : `${content}line ${version}\n`
    texts.set(version, content)
    expect((await ann.ask('PUT', path, { body: { content } })).status).toBe(200)
  }
  const kept = await versionsOf(path)
  expect(kept).toEqual(Array.from({ length: 61 }, (_, index) => 75 - index))
  for (const version of kept) {
    expect((await ann.ask('GET', `${path}/revisions/${Number(version)}`)).body['content']).toBe(
      texts.get(Number(version)),
    )
  }
  const { rows } = await sql<{ unused: number }>`select count(*) as unused from note_texts t where note_id = ${id}
    and not exists (select from note_revisions r where r.note_id = t.note_id and r.text_version = t.text_version)
    and not exists (select from note_texts d where d.note_id = t.note_id and d.base_version = t.text_version)`.execute(
    server.db,
  )
  expect(rows).toEqual([{ unused: 0 }])
})

test('thinning keeps every version of a day, then the first of each hour, then the first of each day', async () => {
  const day = 24
  // The hours count back from midnight, so each group stands in one hour or day.
  const { path } = await noteWith([
    40 * day + 20,
    40 * day + 10,
    40 * day + 5, // one day
    39 * day + 3, // another
    5 * day + 2.9,
    5 * day + 2.5,
    5 * day + 2.1, // one hour
    5 * day + 1.5, // the next
    -0.2,
    -0.1, // today
  ])
  await clean()
  expect(await versionsOf(path)).toEqual([11, 10, 9, 8, 5, 4, 1])
  await clean()
  expect(await versionsOf(path)).toEqual([11, 10, 9, 8, 5, 4, 1])
  for (const version of [1, 4, 5, 8, 9]) {
    expect((await ann.ask('GET', `${path}/revisions/${version}`)).body['content']).toBe(`version ${version}`)
  }
  expect((await ann.ask('GET', `${path}/revisions/2`)).status).toBe(404)
})

test('versions older than the setting are deleted; the note stays', async () => {
  const { path } = await noteWith([12 * 24, 11 * 24, 8 * 24, 1])
  await clean({ historyDays: 10 })
  expect(await versionsOf(path)).toEqual([5, 4, 3])
  expect((await ann.ask('GET', path)).body['content']).toBe('version 5')
})
