import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { usePerson, useServer } from '../support/fixtures.ts'
import { countLockWaits } from '../support/locks.ts'
import { ask, type Person, enrol } from '../support/people.ts'
import { newNote, nextOf } from './new-note.ts'

// Replies that are compared must not be counted.
const server = useServer({ rateLimits: 'off' })
const ann = usePerson(server)
const bob = usePerson(server)

test('createNote stores the note unchanged and returns its Location', async () => {
  const content = '# Grüße\r\n\t🍰 “quoted” \\ %_ é é\n'
  const made = await ann.ask('POST', '/notes/', { body: { title: 'Letters', content, is_public: true } })
  expect(made.status).toBe(201)
  expect(made.headers.get('etag')).toBe('"1"')
  const read = await ann.ask('GET', String(made.headers.get('location')))
  expect(read.status).toBe(200)
  expect(read.body).toEqual(made.body)
  expect(read.body).toMatchObject({ title: 'Letters', content, is_public: true, version: 1 })
  expect(read.body['created_at']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/)
})

test('createNote does not stand in the way of the deletion of its account, and is a 401 after it', async () => {
  const gone = await enrol(server)
  await newNote(gone)
  const id = String((await gone.ask('GET', '/users/me')).body['id'])
  const { creation } = await server.db.transaction().execute(async (deletion) => {
    // Of two transactions that wait for each other, the one that looks first is aborted.
    await sql`set local deadlock_timeout = '10ms'`.execute(deletion)
    await deletion.selectFrom('users').where('id', '=', id).forUpdate().execute()
    const request = gone.ask('POST', '/notes', { body: { title: 'a', content: 'b' } })
    await expect.poll(() => countLockWaits(server.db)).toBe(1)
    await deletion.deleteFrom('users').where('id', '=', id).execute()
    return { creation: request }
  })
  expect((await creation).status).toBe(401)
})

test('createNote fills in the default of is_public from the contract', async () => {
  const { body } = await ann.ask('POST', '/notes', { body: { title: 'a', content: 'b' } })
  expect(body['is_public']).toBe(false)
})

test('updateNote replaces the fields that are sent, keeps the others and raises the version', async () => {
  const { path } = await newNote(ann)
  const changed = await ann.ask('PUT', path, { body: { title: 'Renamed' } })
  expect(changed.status).toBe(200)
  expect(changed.body).toMatchObject({ title: 'Renamed', content: 'Hello', version: 2 })
  expect(changed.headers.get('etag')).toBe('"2"')
  expect(String(changed.body['updated_at']) > String(changed.body['created_at'])).toBe(true)
})

test.each(['application/merge-patch+json', 'application/json'])('patchNote takes %s as a merge patch', async (type) => {
  const { path } = await newNote(ann)
  const patched = await ann.ask('PATCH', path, { body: '{"is_public":true}', headers: { 'Content-Type': type } })
  expect(patched.status).toBe(200)
  expect(patched.body).toMatchObject({ title: 'First', is_public: true, version: 2 })
  const refused = await ann.ask('PATCH', path, { body: '{"title":null}', headers: { 'Content-Type': type } })
  expect(refused.status).toBe(422)
  expect(refused.body['errors']).toEqual([
    {
      loc: ['body', 'title'],
      pointer: '/title',
      msg: 'Must be a string, but is null.',
      type: 'string_type',
      example: 'Renamed',
    },
  ])
})

test('patchNote with an empty patch changes nothing', async () => {
  const { path } = await newNote(ann)
  const patched = await ann.ask('PATCH', path, { body: {} })
  expect(patched.status).toBe(200)
  expect(patched.body['version']).toBe(1)
  expect((await ann.ask('PATCH', path, { body: {}, headers: { 'If-Match': '"7"' } })).status).toBe(412)
})

test.each(['PUT', 'PATCH', 'DELETE'])(
  '%s replies 412 when the note changed since it was read, and changes nothing',
  async (method) => {
    const { path } = await newNote(ann)
    await ann.ask('PUT', path, { body: { title: 'Second' } })
    const body = method === 'DELETE' ? undefined : { title: 'Lost' }
    const refused = await ann.ask(method, path, { body, headers: { 'If-Match': '"1"' } })
    expect(refused.status).toBe(412)
    expect(refused.headers.get('etag')).toBe('"2"')
    const current = await ann.ask('GET', path)
    expect(refused.body['current']).toEqual(current.body)
    expect(current.body).toMatchObject({ title: 'Second', version: 2 })
    const allowed = await ann.ask(method, path, { body, headers: { 'If-Match': 'W/"2", "2"' } })
    expect(allowed.status).toBe(method === 'DELETE' ? 204 : 200)
  },
)

test('If-Match compares strongly: a weak tag matches nothing', async () => {
  const { path } = await newNote(ann)
  expect((await ann.ask('PUT', path, { body: { title: 'x' }, headers: { 'If-Match': 'W/"1"' } })).status).toBe(412)
  expect((await ann.ask('PUT', path, { body: { title: 'x' }, headers: { 'If-Match': '*' } })).status).toBe(200)
})

test('20 writers with one ETag: exactly one wins', async () => {
  const { path } = await newNote(ann)
  const writers = Array.from({ length: 20 }, (_, index) => {
    return ann.ask('PUT', path, { body: { title: `Writer ${index}` }, headers: { 'If-Match': '"1"' } })
  })
  const statuses = (await Promise.all(writers)).map(({ status }) => status)
  expect(statuses.filter((status) => status === 200)).toHaveLength(1)
  expect(statuses.filter((status) => status === 412)).toHaveLength(19)
  expect((await ann.ask('GET', path)).body['version']).toBe(2)
})

test('getNote replies 304 while the caller has the current version', async () => {
  const { path } = await newNote(ann)
  const unchanged = await ann.ask('GET', path, { headers: { 'If-None-Match': '"9", W/"1"' } })
  expect(unchanged.status).toBe(304)
  expect(unchanged.text).toBe('')
  expect(unchanged.headers.get('etag')).toBe('"1"')
  expect((await ann.ask('GET', path, { headers: { 'If-None-Match': '"2"' } })).status).toBe(200)
  expect((await ann.ask('GET', path, { headers: { 'If-None-Match': '*' } })).status).toBe(304)
})

test('deleteNote deletes once; the second time it replies 404', async () => {
  const { path } = await newNote(ann)
  expect((await ann.ask('DELETE', path)).status).toBe(204)
  expect((await ann.ask('DELETE', path)).status).toBe(404)
  expect((await ann.ask('GET', path)).status).toBe(404)
})

test("another user's note gets exactly the reply of an unknown one, and stays unchanged", async () => {
  const { id, path } = await newNote(ann)
  const unknown = `/notes/${id.slice(0, -4)}0000`
  const requests: [string, Record<string, unknown> | undefined, Record<string, string>][] = [
    ['GET', undefined, {}],
    ['GET', undefined, { 'If-None-Match': '"1"' }],
    ['PUT', { title: 'Stolen' }, {}],
    ['PUT', { title: 'Stolen' }, { 'If-Match': '"1"' }],
    ['PATCH', { title: 'Stolen' }, {}],
    ['DELETE', undefined, {}],
    ['DELETE', undefined, { 'If-Match': '*' }],
  ]
  for (const [method, body, headers] of requests) {
    const given = { body, headers: { 'X-Request-Id': 'same', ...headers } }
    const theirs = await bob.ask(method, path, given)
    const nobodys = await bob.ask(method, unknown, given)
    expect(theirs.status).toBe(404)
    expect(theirs.text).toBe(nobodys.text)
    const shown = (reply: typeof theirs) => [...reply.headers].filter(([name]) => name !== 'date')
    expect(shown(theirs)).toEqual(shown(nobodys))
  }
  expect((await ann.ask('GET', path)).body).toMatchObject({ title: 'First', version: 1 })
})

test("listNotes shows only the caller's own notes", async () => {
  const carl = await enrol(server)
  await newNote(ann)
  expect((await carl.ask('GET', '/notes')).list).toEqual([])
})

test('following Link visits every note once, newest first, while others are written', async () => {
  const dora = await enrol(server)
  const ids: string[] = []
  for (let count = 0; count < 7; count += 1) ids.unshift((await newNote(dora)).id)
  const seen: string[] = []
  let address: string | undefined = '/notes?limit=2'
  while (address !== undefined) {
    const page: Awaited<ReturnType<Person['ask']>> = await dora.ask('GET', address)
    expect(page.status).toBe(200)
    seen.push(...page.list.map(({ id }) => String(id)))
    address = nextOf(page.headers)
    await newNote(dora)
  }
  expect(seen).toEqual(ids)
})

test('skip and limit cut the list by offsets', async () => {
  const emma = await enrol(server)
  const ids: string[] = []
  for (let count = 0; count < 5; count += 1) ids.unshift((await newNote(emma)).id)
  const page = await emma.ask('GET', '/notes/?skip=1&limit=3')
  expect(page.list.map(({ id }) => id)).toEqual(ids.slice(1, 4))
  expect((await emma.ask('GET', '/notes?skip=10')).list).toEqual([])
  expect((await emma.ask('GET', '/notes?limit=5')).headers.get('link')).toBeNull()
})

test("a cursor is refused when it was altered, is another user's, or comes with skip", async () => {
  await newNote(ann)
  await newNote(ann)
  const link = (await ann.ask('GET', '/notes?limit=1')).headers.get('link') ?? ''
  const cursor = /cursor=([^>]+)>/.exec(link)?.[1] ?? ''
  expect((await ann.ask('GET', `/notes?cursor=${cursor}`)).status).toBe(200)
  const altered = `${cursor.slice(0, -4)}AAAA`
  for (const address of [`/notes?cursor=${altered}`, '/notes?cursor=AAAA', `/notes?skip=0&cursor=${cursor}`]) {
    expect((await ann.ask('GET', address)).status).toBe(422)
  }
  expect((await bob.ask('GET', `/notes?cursor=${cursor}`)).status).toBe(422)
})

test('fields that belong to the server cannot be set', async () => {
  const { path } = await newNote(ann)
  const forged = { title: 'x', content: 'y', owner_id: '019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2', version: 9 }
  const refused = await ann.ask('POST', '/notes', { body: forged })
  expect(refused.status).toBe(422)
  expect(refused.body['errors']).toHaveLength(2)
  expect((await ann.ask('PUT', path, { body: { id: '019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2' } })).status).toBe(422)
  expect((await ann.ask('GET', path)).body['version']).toBe(1)
})

test('a note of the largest size is stored completely', async () => {
  const content = 'ä'.repeat(1_048_576 - 5) + '\n— ok'
  const made = await ann.ask('POST', '/notes', { body: { title: 'Large', content: content.slice(0, 1_000_000) } })
  expect(made.status).toBe(201)
  expect(made.body['content']).toBe(content.slice(0, 1_000_000))
  const ascii = 'a'.repeat(1_048_576)
  expect((await ann.ask('POST', '/notes', { body: { title: 'Larger', content: ascii } })).status).toBe(201)
  expect((await ann.ask('POST', '/notes', { body: { title: 'Too large', content: `${ascii}a` } })).status).toBe(422)
})

test('without a token, every request is refused', async () => {
  const { path } = await newNote(ann)
  const refused = await ask(server, 'DELETE', path)
  expect(refused.status).toBe(401)
  expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/)
  expect((await ann.ask('GET', path)).status).toBe(200)
})
