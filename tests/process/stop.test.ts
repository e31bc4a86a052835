import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { readFileSync, writeFileSync } from 'node:fs'
import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { inTransaction } from '../../src/db/transaction.ts'
import { insertNote } from '../../src/notes/core/notes.ts'
import { fillLog, STANDSTILL } from '../changes/long-log.ts'
import { useDatabase, useFixture } from '../support/fixtures.ts'
import { openStream, standStill } from '../support/event-stream.ts'
import { ask, type Person, person, register, userIdOf } from '../support/people.ts'
import {
  repliesWith,
  cleanUp,
  databaseEnv,
  endServers,
  postgresIn,
  serve,
  type ServerProcess,
  temporaryDirectory,
  until,
  within,
} from '../support/process.ts'
import { openProxy } from '../support/proxy.ts'

const database = useDatabase()
const proxy = useFixture(
  () => openProxy(database.connection),
  (opened) => opened.close(),
)
/** For the embedded database. It is shared, so only the first test to use it has to make one. */
let dataDir: string
/** Locks to release, also after a test that failed half-way. */
const held: (() => void)[] = []

beforeAll(() => {
  dataDir = temporaryDirectory()
})
afterEach(async () => {
  for (const release of held.splice(0)) release()
  await endServers()
})
afterAll(cleanUp)

const serveHere = (options?: Parameters<typeof serve>[1]) =>
  serve(databaseEnv({ ...database.connection, port: proxy.port }), options)

/** Opens a connection on which a request can be sent in parts. */
async function open(server: ServerProcess): Promise<{ socket: Socket; received: () => string; closed: Promise<void> }> {
  const socket = connect(server.port, '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  await new Promise<void>((resolve) => socket.once('connect', resolve))
  return { socket, received: () => text, closed }
}

/** Locks Ann's note in another session, so that her next change of it takes until we release the lock. */
async function holdNote(id: string): Promise<() => Promise<void>> {
  const locked = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  held.push(release.resolve)
  const holder = database.db.transaction().execute(async (transaction) => {
    await sql`select from notes where id = ${id} for update`.execute(transaction)
    locked.resolve()
    await release.promise
  })
  await locked.promise
  return () => {
    release.resolve()
    return holder
  }
}

async function newNote(ann: Person): Promise<string> {
  return String((await ann.ask('POST', '/notes', { body: { title: 'a', content: 'b' } })).body['id'])
}

const bearer = ({ accessToken }: Person) => ({ Authorization: `Bearer ${accessToken}` })

/** Of a note that is made without a server. */
const fields = {
  title: 'a',
  content: 'b',
  tags: [],
  is_public: false,
  is_pinned: false,
  is_archived: false,
  changed_by_kind: null,
  changed_by_id: null,
}

const isWaiting = async (): Promise<boolean> => {
  const { rows } =
    await sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(
      database.db,
    )
  return rows.length > 0
}

test.each(['SIGTERM', 'SIGINT'] as const)(
  '%s: requests under way finish, health is 503, new connections are refused, exit 0',
  async (signal) => {
    const server = await serveHere()
    const ann = await register(server)
    const id = await newNote(ann)
    const release = await holdNote(id)
    const change = ann.ask('PUT', `/notes/${id}`, { body: { title: 'under way' } })
    await until('the change is under way', isWaiting)
    const { socket, received, closed } = await open(server)
    socket.write('GET /health HTTP/1.1\r\nHost: x\r\n')
    await ask(server, 'GET', '/health/live')

    server.child.kill(signal)
    await until('new connections are refused', async () => !(await repliesWith(`${server.url}/health/live`, 200)))
    socket.write('\r\n')
    await within('the connection is closed', closed, 2_000)
    expect(received()).toMatch(/^HTTP\/1\.1 503 /)
    expect(received().toLowerCase()).toContain('\r\nconnection: close\r\n')
    expect(received()).toContain('The server is shutting down.')

    await release()
    const changed = await change
    expect([changed.status, changed.body['title'], changed.headers.get('connection')]).toEqual([
      200,
      'under way',
      'close',
    ])
    expect(await within('it ends', server.exit, 2_000)).toBe(0)
  },
)

test('for a moment after SIGTERM, /health is 503 and everything else is served, to new clients too', async () => {
  const server = await serve({ ...databaseEnv({ ...database.connection, port: proxy.port }), STOP_DELAY: '2s' })
  const ann = await register(server)
  const began = performance.now()
  server.child.kill('SIGTERM')
  await until('it is not ready', async () => repliesWith(`${server.url}/health`, 503))
  const made = await ann.ask('POST', '/notes', { body: { title: 'still taken' } })
  expect([made.status, made.headers.get('connection')]).toEqual([201, 'close'])
  expect(performance.now() - began).toBeLessThan(2_000)
  expect(await within('it ends', server.exit, 4_000)).toBe(0)
  expect(performance.now() - began).toBeGreaterThan(2_000)
})

test('a client that keeps sending requests on one connection does not delay the end', async () => {
  const server = await serveHere()
  const { socket, received, closed } = await open(server)
  const next = (): boolean => socket.write('GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n')
  socket.on('data', next)
  socket.on('error', () => undefined)
  next()
  await until('it asks', () => received().length > 1_000)
  const began = performance.now()
  expect(await server.end('SIGTERM')).toBe(0)
  expect(performance.now() - began).toBeLessThan(2_000)
  await closed
})

test('a second SIGINT ends it at once, but not the copy of the first that npm forwards', async () => {
  const server = await serveHere()
  const ann = await register(server)
  const id = await newNote(ann)
  const release = await holdNote(id)
  const change = ann.ask('PUT', `/notes/${id}`, { body: { title: 'under way' } }).catch(() => 'cut')
  await until('the change is under way', isWaiting)
  server.child.kill('SIGINT')
  await until('it is stopping', () => server.stdout().includes('received SIGINT'))
  server.child.kill('SIGINT')
  const began = performance.now()
  await until('the first moment is over', () => performance.now() - began > 400)
  expect(server.child.exitCode).toBeNull()
  server.child.kill('SIGINT')
  expect(await within('it ends', server.exit, 1_000)).toBe(1)
  expect(await change).toBe('cut')
  await release()
})

test('SIGTERM also ends the embedded PostgreSQL', async () => {
  const server = await serve({ DATA_DIR: dataDir })
  expect(postgresIn(dataDir).length).toBeGreaterThan(0)
  expect(await within('it ends', server.end('SIGTERM'), 10_000)).toBe(0)
  expect(postgresIn(dataDir)).toEqual([])
})

test.each(['A rejection', 'An exception'])('%s that is not handled is logged, drains and ends with 1', async (kind) => {
  const trap = join(temporaryDirectory(), 'trap.mjs')
  const act =
    kind === 'A rejection' ? 'Promise.reject(new Error(`not caught`))' : '(() => { throw new Error(`not caught`) })()'
  writeFileSync(trap, `process.on('SIGUSR2', () => { ${act} })`)
  const server = await serveHere({ nodeArgs: ['--import', trap] })
  const ann = await register(server)
  const id = await newNote(ann)
  const release = await holdNote(id)
  const change = ann.ask('PUT', `/notes/${id}`, { body: { title: 'under way' } })
  await until('the change is under way', isWaiting)
  server.child.kill('SIGUSR2')
  await until('it is logged', () => server.stdout().includes('not caught'))
  await release()
  expect((await change).status).toBe(200)
  expect(await within('it ends', server.exit, 3_000)).toBe(1)
  const line = server.lines().find(({ level }) => level === 60)
  expect(line).toMatchObject({ msg: 'unhandled error', err: { message: 'not caught' } })
})

test.each(['json', 'pretty'])('the server goes on when the reader of its %s log goes away', async (format) => {
  const server = await serve({
    ...databaseEnv({ ...database.connection, port: proxy.port }),
    LOG_FORMAT: format,
    LOG_LEVEL: 'trace',
  })
  server.child.stdout?.destroy()
  server.child.stderr?.destroy()
  for (let count = 0; count < 50; count += 1) expect(await repliesWith(`${server.url}/health`, 200)).toBe(true)
  expect(await within('it ends', server.end('SIGTERM'), 5_000)).toBe(0)
})

/** Whether a connection of the server has the same bytes to send as in the last 20 calls. */
function waitsForClient({ port }: ServerProcess): () => boolean {
  const hex = port.toString(16).toUpperCase().padStart(4, '0')
  const pattern = new RegExp(`^ *\\d+: \\w+:${hex} \\w+:\\w+ 01 (\\w+):`, 'gm')
  const seen: string[] = []
  return () => {
    const waiting = [...readFileSync('/proc/net/tcp', 'utf8').matchAll(pattern)].map(([, bytes]) => bytes)
    seen.push(waiting.filter((bytes) => bytes !== '00000000').join())
    const last = seen.slice(-20)
    return last.length === 20 && last[0] !== '' && new Set(last).size === 1
  }
}

const follow = (server: ServerProcess, headers: Readonly<Record<string, string>>) =>
  openStream(`${server.url}/changes/stream`, headers)

test(
  'SIGTERM ends event streams at once, with a reason, also beside a client that takes nothing',
  { timeout: 40_000 },
  async () => {
    const server = await serveHere()
    const [ann, bob] = [await register(server), await register(server)]
    const streams = [await follow(server, bearer(ann)), await follow(server, bearer(ann))]
    for (const stream of streams) await stream.until('ready')
    const { cursor } = (await bob.ask('GET', '/changes')).body
    await fillLog(database.db, userIdOf(bob), STANDSTILL)
    const still = standStill(`${server.url}/changes/stream?cursor=${String(cursor)}`, bearer(bob))
    await within('it is served', still.begun, 9_000)
    await until('the server waits for its client', waitsForClient(server), 25_000)
    const started = performance.now()
    const [rests, code] = await Promise.all([
      Promise.all(streams.map((stream) => stream.rest())),
      server.end('SIGTERM'),
    ])
    const took = performance.now() - started
    const end = { event: 'end', id: undefined, data: { reason: 'server_stopping' } }
    expect(rests).toEqual([[end], [end]])
    expect(code).toBe(0)
    expect(took).toBeLessThan(6_000)
    expect((await still.received()).length).toBeLessThan(STANDSTILL)
  },
)

test(
  'a note that is committed while no server runs reaches a client that resumes at the next server, once and in order',
  { timeout: 40_000 },
  async () => {
    const server = await serveHere()
    const ann = await register(server)
    const stream = await follow(server, bearer(ann))
    await stream.until('ready')
    const first = await newNote(ann)
    const last = await stream.next()
    expect(last).toMatchObject({ event: 'change', data: { seq: 1, note_id: first } })
    await Promise.all([stream.rest(), server.end('SIGTERM')])
    const meanwhile = await inTransaction(database.db, (tx) =>
      insertNote(tx, userIdOf(ann), { id: uuidv7(), ...fields }),
    )

    const other = await serveHere()
    await using resumed = await follow(other, { ...bearer(ann), 'Last-Event-ID': last?.id ?? '' })
    expect(await resumed.until('ready')).toMatchObject([
      { event: 'change', data: { seq: 2, kind: 'upsert', note_id: meanwhile.id } },
      { event: 'ready' },
    ])
    const next = await newNote(person(other, ann))
    expect(await resumed.next()).toMatchObject({ event: 'change', data: { seq: 3, note_id: next } })
  },
)
