import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { purgeNotes } from '../../src/notes/purge.ts'
import { usePerson, useServer } from '../support/fixtures.ts'
import type { Person } from '../support/people.ts'
import { newNote } from './new-note.ts'

const server = useServer()
const ann = usePerson(server)
const bob = usePerson(server)

const create = (who: Person, key: string, body: Record<string, unknown> = { title: 'Once', content: key }) =>
  who.ask('POST', '/notes', { body, headers: { 'Idempotency-Key': key } })

async function notesWith(content: string): Promise<number> {
  return (await server.db.selectFrom('notes').select('id').where('content', '=', content).execute()).length
}

test('50 parallel POSTs with one key make one note and get equal replies', async () => {
  const replies = await Promise.all(Array.from({ length: 50 }, () => create(ann, 'fifty')))
  expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([201]))
  expect(new Set(replies.map(({ text }) => text)).size).toBe(1)
  expect(new Set(replies.map(({ headers }) => `${headers.get('etag')} ${headers.get('location')}`)).size).toBe(1)
  expect(replies.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(49)
  expect(await notesWith('fifty')).toBe(1)
})

test('the stored reply is repeated even when the note has changed or is gone', async () => {
  const first = await create(ann, 'again')
  await ann.ask('PUT', String(first.headers.get('location')), { body: { title: 'Changed' } })
  await ann.ask('DELETE', String(first.headers.get('location')))
  const second = await create(ann, 'again')
  expect([second.status, second.text]).toEqual([201, first.text])
  expect(first.headers.get('idempotency-replayed')).toBeNull()
})

test('a request with its fields in another order is the same request', async () => {
  const first = await create(ann, 'order', { title: 'Once', content: 'order', tags: ['a'], is_pinned: true })
  const second = await create(ann, 'order', { is_pinned: true, tags: ['a'], content: 'order', title: 'Once' })
  expect([second.status, second.text, second.headers.get('idempotency-replayed')]).toEqual([201, first.text, 'true'])
  expect((await create(ann, 'order', { title: 'Once', content: 'order', tags: ['b'], is_pinned: true })).status).toBe(
    422,
  )
  expect(await notesWith('order')).toBe(1)
})

/** The text that servers before 1.1 hashed for a request, by the fingerprint version that they stored. */
const earlierTexts: [fingerprint: number, text: (request: unknown) => string][] = [
  [1, (request) => JSON.stringify(request)],
  [2, sortedJson],
]

function sortedJson(value: unknown): string {
  return JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  )
}

/** Replaces what this server stored under a key by what an earlier version would have stored. */
async function storeAsEarlier(key: string, fingerprint: number, text: string): Promise<void> {
  const request_hash = createHash('sha256').update(text).digest()
  await server.db.updateTable('idempotency_keys').set({ fingerprint, request_hash }).where('key', '=', key).execute()
}

test.each(earlierTexts)('createNote compares a key with fingerprint %i as it was stored', async (version, text) => {
  const key = `earlier-${version}`
  const body = { title: 'Once', content: key }
  const first = await create(ann, key, body)
  const asValidated = { ...body, is_public: false, tags: [], is_pinned: false, is_archived: false }
  await storeAsEarlier(key, version, text(asValidated))
  const again = await create(ann, key, body)
  expect([again.text, again.headers.get('idempotency-replayed')]).toEqual([first.text, 'true'])
  expect((await create(ann, key, { ...body, title: 'Other' })).status).toBe(422)
  expect(await notesWith(key)).toBe(1)
})

test.each(earlierTexts)('editNote compares a key with fingerprint %i as it was stored', async (version, text) => {
  const { path, id } = await newNote(ann)
  const headers = { 'Idempotency-Key': `earlier-edit-${version}`, 'If-Match': '"1"' }
  const body = { edits: [{ op: 'append', text: 'World' }] }
  const first = await ann.ask('POST', `${path}/edits`, { body, headers })
  const asValidated = { edits: body.edits, dry_run: false }
  await storeAsEarlier(headers['Idempotency-Key'], version, text([id, '"1"', asValidated]))
  const again = await ann.ask('POST', `${path}/edits`, { body, headers })
  expect([again.text, again.headers.get('idempotency-replayed')]).toEqual([first.text, 'true'])
  for (const other of [
    { body: { edits: [{ op: 'append', text: 'Other' }] }, headers },
    { body, headers: { ...headers, 'If-Match': '"2"' } },
  ])
    expect((await ann.ask('POST', `${path}/edits`, other)).status).toBe(422)
  expect((await ann.ask('GET', path)).body).toMatchObject({ content: 'Hello\nWorld', version: 2 })
})

test('a key belongs to one whole request: for another note or precondition it is refused', async () => {
  const [one, two] = [await newNote(ann), await newNote(ann)]
  const edit = (path: string, ifMatch: string) =>
    ann.ask('POST', `${path}/edits`, {
      body: { edits: [{ op: 'append', text: 'World' }] },
      headers: { 'Idempotency-Key': 'whole', 'If-Match': ifMatch },
    })
  const first = await edit(one.path, '"1"')
  expect((await edit(one.path, '"1"')).text).toBe(first.text)
  expect([(await edit(two.path, '"1"')).status, (await edit(one.path, '*')).status]).toEqual([422, 422])
  const { rows } = await sql`select fingerprint from idempotency_keys where key = 'whole'`.execute(server.db)
  expect(rows).toEqual([{ fingerprint: 3 }])
})

test('another request with the same key is refused, and has no effect', async () => {
  await create(ann, 'other')
  const refused = await create(ann, 'other', { title: 'Once', content: 'something else' })
  expect(refused.status).toBe(422)
  expect(refused.body['errors']).toMatchObject([{ loc: ['header', 'Idempotency-Key'], type: 'idempotency_key_reused' }])
  expect(await notesWith('something else')).toBe(0)
})

test('a key belongs to one user and one operation', async () => {
  expect((await create(ann, 'mine')).status).toBe(201)
  const theirs = await create(bob, 'mine')
  expect([theirs.status, theirs.headers.get('idempotency-replayed')]).toEqual([201, null])
  const { path } = await newNote(ann)
  const edit = { body: { edits: [{ op: 'append', text: 'x' }] }, headers: { 'Idempotency-Key': 'mine' } }
  expect((await ann.ask('POST', `${path}/edits`, edit)).headers.get('idempotency-replayed')).toBeNull()
})

test('a repeated append appends once', async () => {
  const { path } = await newNote(ann)
  const edit = { body: { edits: [{ op: 'append', text: 'World' }] }, headers: { 'Idempotency-Key': 'append' } }
  const replies = await Promise.all([1, 2, 3].map(() => ann.ask('POST', `${path}/edits`, edit)))
  expect(new Set(replies.map(({ text }) => text)).size).toBe(1)
  expect((await ann.ask('GET', path)).body).toMatchObject({ content: 'Hello\nWorld', version: 2 })
})

test('a request that failed is not remembered', async () => {
  const { path } = await newNote(ann)
  const edit = {
    body: { edits: [{ op: 'replace_text', find: 'later', replace: 'now' }] },
    headers: { 'Idempotency-Key': 'failed' },
  }
  expect((await ann.ask('POST', `${path}/edits`, edit)).status).toBe(422)
  await ann.ask('PUT', path, { body: { content: 'later' } })
  expect((await ann.ask('POST', `${path}/edits`, edit)).status).toBe(200)
})

test('while the first request is under way the second gets 409, and afterwards the reply of the first', async () => {
  const { path, id } = await newNote(ann)
  const edit = { body: { edits: [{ op: 'append', text: 'x' }] }, headers: { 'Idempotency-Key': 'slow' } }
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const { promise: locked, resolve: isLocked } = Promise.withResolvers<void>()
  const holder = server.db.transaction().execute(async (transaction) => {
    await sql`select from notes where id = ${id} for update`.execute(transaction)
    isLocked()
    await held
  })
  await locked
  const first = ann.ask('POST', `${path}/edits`, edit)
  await expect
    .poll(
      async () =>
        (await sql`select from pg_locks where locktype = 'advisory' and granted`.execute(server.db)).rows.length,
    )
    .toBe(1)
  const second = await ann.ask('POST', `${path}/edits`, edit)
  expect([second.status, second.body['type']]).toEqual([409, '/problems/request-in-flight'])
  expect(second.headers.get('retry-after')).toBe('1')
  release()
  await holder
  const done = await first
  expect(done.status).toBe(200)
  expect((await ann.ask('POST', `${path}/edits`, edit)).text).toBe(done.text)
})

test('an expired key is new again, and housekeeping deletes it', async () => {
  await create(ann, 'old')
  await create(ann, 'older')
  await sql`update idempotency_keys set expires_at = now() - interval '1 second' where key in ('old', 'older')`.execute(
    server.db,
  )
  const anew = await create(ann, 'old')
  expect([anew.status, anew.headers.get('idempotency-replayed')]).toEqual([201, null])
  expect(await notesWith('old')).toBe(2)
  await purgeNotes(server.db, { trashDays: 30, historyDays: 365 }, () => false)
  const { rows } = await sql<{ key: string }>`select key from idempotency_keys where key like 'old%'`.execute(server.db)
  expect(rows).toEqual([{ key: 'old' }])
})
