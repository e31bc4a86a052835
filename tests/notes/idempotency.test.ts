import { createHash } from 'node:crypto'
import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { purgeNotes } from '../../src/notes/purge.ts'
import { allRows } from '../contract/harness/database-rows.ts'
import { withoutTimeLimits } from '../support/database.ts'
import { useFixture, usePerson, useServer } from '../support/fixtures.ts'
import { heldKeys, holdLocks, waitingFor } from '../support/locks.ts'
import { type Answer, person, type Person } from '../support/people.ts'
import { newNote } from './new-note.ts'

const server = useServer()
/** A replica whose requests wait for as long as a test has them wait. */
const unlimited = useFixture(
  () => withoutTimeLimits(server.db),
  ({ db }) => db.destroy(),
)
const patient = useServer(() => ({ db: unlimited.db, isRecorded: false }))
const ann = usePerson(server)
const bob = usePerson(server)

const create = (who: Person, key: string, body: Record<string, unknown> = { title: 'Once', content: key }) =>
  who.ask('POST', '/notes', { body, headers: { 'Idempotency-Key': key } })

async function notesWith(content: string): Promise<number> {
  return (await server.db.selectFrom('notes').select('id').where('content', '=', content).execute()).length
}

/** A request whose key is refused: nothing changes in the database, in any table, not even the time of a last use. */
async function refuses(send: () => Promise<Answer>): Promise<Answer> {
  const before = await allRows(server.db)
  const refused = await send()
  expect(await allRows(server.db)).toEqual(before)
  expect(refused.status).toBe(422)
  expect(refused.body['errors']).toMatchObject([{ loc: ['header', 'Idempotency-Key'], type: 'idempotency_key_reused' }])
  return refused
}

/** A machine that is very busy may answer 409 to a request that has waited for the first one: it is sent again. */
async function untilAnswered(send: () => Promise<Answer>): Promise<Answer> {
  for (let resent = 0; ; resent += 1) {
    const answer = await send()
    if (answer.status !== 409 || resent === 3) return answer
  }
}

test('50 parallel POSTs with one key make one note and get equal replies', async () => {
  const replies = await Promise.all(Array.from({ length: 50 }, () => untilAnswered(() => create(ann, 'fifty'))))
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
  await refuses(() => create(ann, 'order', { title: 'Once', content: 'order', tags: ['b'], is_pinned: true }))
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
  await refuses(() => create(ann, key, { ...body, title: 'Other' }))
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
    await refuses(() => ann.ask('POST', `${path}/edits`, other))
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
  await refuses(() => edit(two.path, '"1"'))
  await refuses(() => edit(one.path, '*'))
  const { rows } = await sql`select fingerprint from idempotency_keys where key = 'whole'`.execute(server.db)
  expect(rows).toEqual([{ fingerprint: 3 }])
})

test('another request with the same key is refused, and nothing changes in the database', async () => {
  const first = await create(ann, 'other')
  await refuses(() => create(ann, 'other', { title: 'Once', content: 'something else' }))
  expect(await notesWith('something else')).toBe(0)
  expect((await create(ann, 'other')).text).toBe(first.text)
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
  const annThere = person(patient, ann)
  await using note = await holdLocks(server.db, (transaction) =>
    sql`select from notes where id = ${id} for update`.execute(transaction),
  )
  const first = annThere.ask('POST', `${path}/edits`, edit)
  await expect.poll(() => waitingFor(server.db, note)).toHaveLength(1)
  const waiting = await waitingFor(server.db, note)
  expect(await heldKeys(server.db)).toBe(1)
  const second = await ann.ask('POST', `${path}/edits`, edit)
  expect([second.status, second.body['type']]).toEqual([409, '/problems/request-in-flight'])
  expect(second.headers.get('retry-after')).toBe('1')
  expect([await waitingFor(server.db, note), await heldKeys(server.db)]).toEqual([waiting, 1])
  await note.release()
  const done = await first
  expect(done.status).toBe(200)
  const third = await annThere.ask('POST', `${path}/edits`, edit)
  expect([third.text, third.headers.get('idempotency-replayed')]).toEqual([done.text, 'true'])
  expect((await ann.ask('GET', path)).body).toMatchObject({ content: 'Hello\nx', version: 2 })
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
