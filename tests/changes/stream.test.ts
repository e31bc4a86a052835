import { sql } from 'kysely'
import { decodeJwt } from 'jose'
import { expect, test } from 'vitest'
import { setActive } from '../../src/auth/operator.ts'
import { fillLog, STANDSTILL } from './long-log.ts'
import { withTimeout } from '../contract/harness/document-examples.ts'
import { newNote } from '../notes/new-note.ts'
import { type OpenStream, openStream, type SentEvent, standStill } from '../support/event-stream.ts'
import { useServer } from '../support/fixtures.ts'
import { inTime } from '../support/in-time.ts'
import { enrol, form, newKey, type Person, sessionIdOf, userIdOf } from '../support/people.ts'
import { startServer, type TestServer } from '../support/server.ts'

const server = useServer()

const bearer = ({ accessToken }: Pick<Person, 'accessToken'>) => ({ Authorization: `Bearer ${accessToken}` })

function follow(
  person: Pick<Person, 'accessToken'>,
  {
    at = server,
    query = '',
    lastId,
  }: { at?: Pick<TestServer, 'url'>; query?: string; lastId?: string | undefined } = {},
): Promise<OpenStream> {
  const headers = { ...bearer(person), ...(lastId !== undefined && { 'Last-Event-ID': lastId }) }
  return openStream(`${at.url}/changes/stream${query}`, headers)
}

test('a stream without a cursor sends what changes from now on', async () => {
  const ann = await enrol(server)
  const { path, id } = await newNote(ann)
  await using stream = await follow(ann)
  expect(await stream.next()).toMatchObject({ event: 'ready' })
  await ann.ask('PUT', path, { body: { title: 'Changed' } })
  expect(await stream.next()).toMatchObject({
    event: 'change',
    data: { seq: 2, kind: 'upsert', note_id: id, version: 2 },
  })
  await ann.ask('DELETE', path)
  expect(await stream.next()).toMatchObject({ event: 'change', data: { seq: 3, kind: 'trash', note_id: id } })
})

test('a stream with the cursor of a page sends first what has changed since, however much', async () => {
  const ann = await enrol(server)
  const { cursor } = (await ann.ask('GET', '/changes')).body
  for (let count = 0; count < 203; count += 1) await newNote(ann, { title: `Note ${count}` })
  await using stream = await follow(ann, { query: `?cursor=${String(cursor)}` })
  const events = await stream.until('ready')
  expect(events).toHaveLength(204)
  const seqs = events.slice(0, -1).map(({ data }) => (data as Record<string, unknown>)['seq'])
  expect(seqs).toEqual(Array.from({ length: 203 }, (_, index) => index + 1))
  // The page after the last event is empty: both count alike.
  const page = await ann.ask('GET', `/changes?cursor=${String(events.at(-1)?.id)}`)
  expect(page.body['changes']).toEqual([])
})

test('a client that sends the id of its last event misses nothing and gets nothing twice', async () => {
  const ann = await enrol(server)
  const { cursor } = (await ann.ask('GET', '/changes')).body
  const query = `?cursor=${String(cursor)}`
  let lastId: string | undefined
  for (const title of ['A', 'B', 'C']) {
    const { id } = await newNote(ann, { title })
    await using stream = await follow(ann, { query, lastId })
    const [event, ...others] = await stream.until('ready')
    expect(event).toMatchObject({ event: 'change', data: { note_id: id } })
    expect(others.map(({ event: name }) => name)).toEqual(['ready'])
    lastId = event?.id
  }
})

test('a change made at another server of the same database arrives', async () => {
  const ann = await enrol(server)
  const other = await startServer({ db: server.db })
  await using stream = await follow(ann, { at: other })
  await stream.until('ready')
  const { id } = await newNote(ann)
  expect(await stream.next()).toMatchObject({ event: 'change', data: { note_id: id } })
  await stream.close()
  await other.stop()
})

test('several streams of an account each get every change, and a stranger none of them', async () => {
  const [ann, bob] = [await enrol(server), await enrol(server)]
  await using one = await follow(ann)
  await using two = await follow(ann)
  await using strangers = await follow(bob)
  for (const stream of [one, two, strangers]) await stream.until('ready')
  const { id } = await newNote(ann)
  const mine = await newNote(bob)
  for (const stream of [one, two]) expect(await stream.next()).toMatchObject({ data: { note_id: id } })
  expect(await strangers.next()).toMatchObject({ data: { note_id: mine.id } })
})

test.each<[string, (ann: Person) => Promise<unknown>]>([
  ['logout', (ann) => ann.ask('POST', '/auth/revoke', form({ token: ann.refreshToken }))],
  ['the end of its session', (ann) => ann.ask('DELETE', `/users/me/sessions/${sessionIdOf(ann)}`)],
  ['a disabled account', (ann) => setActive(server.db, userIdOf(ann), false)],
  ['a deleted account', (ann) => sql`delete from users where id = ${userIdOf(ann)}`.execute(server.db)],
])('a stream ends within 5 seconds of %s, and says why', async (_, end) => {
  const ann = await enrol(server)
  await using stream = await follow(ann)
  await stream.until('ready')
  await end(ann)
  const ended = performance.now()
  expect(await stream.rest()).toMatchObject([{ event: 'end', data: { reason: 'credential_ended' } }])
  expect(performance.now() - ended).toBeLessThan(5_000)
  expect((await follow(ann)).status).toBe(401)
})

test('a stream ends within 5 seconds of the expiry of its token, though the session goes on', async () => {
  const brief = await startServer({ db: server.db, accessTokenSeconds: 1 })
  const ann = await enrol(brief)
  await using stream = await follow(ann, { at: brief })
  await stream.until('ready')
  const opened = Date.now()
  expect(await stream.rest()).toMatchObject([{ event: 'end', data: { reason: 'credential_ended' } }])
  const ended = Date.now()
  // A stream may still be opened shortly after the expiry, because requests tolerate clocks that differ.
  const expired = Number(decodeJwt(ann.accessToken).exp) * 1_000
  expect(ended).toBeGreaterThanOrEqual(expired)
  expect(ended - Math.max(expired, opened)).toBeLessThan(5_000)
  await brief.stop()
})

test('a stream ends within 5 seconds of the revocation of its API key, and says why', async () => {
  const ann = await enrol(server)
  const { id, key } = await newKey(ann)
  await using stream = await follow({ accessToken: key })
  await stream.until('ready')
  expect((await ann.ask('DELETE', `/api-keys/${id}`)).status).toBe(204)
  const ended = performance.now()
  expect(await stream.rest()).toMatchObject([{ event: 'end', data: { reason: 'credential_ended' } }])
  expect(performance.now() - ended).toBeLessThan(5_000)
  expect((await follow({ accessToken: key })).status).toBe(401)
})

const seqsIn = (events: readonly SentEvent[]): unknown[] =>
  events.filter(({ event }) => event === 'change').map(({ data }) => (data as Record<string, unknown>)['seq'])

test(
  'a client that stands still is disconnected, and resumes without loss or repetition',
  { timeout: 60_000 },
  async () => {
    const strict = await startServer({ db: server.db, document: withTimeout('streamChanges', 1) })
    const ann = await enrol(strict)
    const { cursor } = (await ann.ask('GET', '/changes')).body
    await fillLog(server.db, userIdOf(ann), STANDSTILL)
    const { begun, received } = standStill(`${strict.url}/changes/stream?cursor=${String(cursor)}`, bearer(ann))
    await inTime('the stream begins', begun)
    await expect.poll(strict.openStreams, { timeout: 30_000 }).toBe(0)
    const first = await received()
    await using resumed = await follow(ann, { at: strict, lastId: first.at(-1)?.id })
    const rest = await resumed.until('ready')
    expect(first.length).toBeGreaterThan(0)
    expect(rest.length).toBeGreaterThan(1)
    expect(seqsIn([...first, ...rest])).toEqual(Array.from({ length: STANDSTILL }, (_, index) => index + 1))
    await resumed.close()
    await strict.stop()
  },
)
