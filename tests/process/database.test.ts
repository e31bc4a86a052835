import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, afterEach, expect, test } from 'vitest'
import { embeddedConnection } from '../../src/db/embedded/embedded.ts'
import { ask, type Person, register } from '../support/people.ts'
import {
  cleanUp,
  endServers,
  postgresIn,
  repliesWith,
  serve,
  type ServerProcess,
  temporaryDirectory,
  until,
  within,
} from '../support/process.ts'
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.ts'

/** Only root may mount a disk that a test can fill; elsewhere `node tests/bench/embedded.ts` says so too. */
const disk: SmallDisk | undefined = mountSmallDisk(160)

afterEach(endServers)
afterAll(async () => {
  await cleanUp()
  disk?.unmount()
})

const postmaster = (dataDir: string): number =>
  Number.parseInt(readFileSync(join(dataDir, 'pg18', 'postmaster.pid'), 'utf8'), 10)

const isHealthy = (server: ServerProcess): Promise<boolean> => repliesWith(`${server.url}/health`, 200)

interface Writing {
  readonly acknowledged: string[]
  readonly statuses: Set<number>
  readonly end: () => Promise<void>
}

/** Creates notes in four loops, whatever the answers are. */
function startWriting(ann: Person, content: string): Writing {
  const acknowledged: string[] = []
  const statuses = new Set<number>()
  const end = new AbortController()
  const hand = async (): Promise<void> => {
    while (!end.signal.aborted) {
      const reply = await ann.ask('POST', '/notes', { body: { title: 'Kept', content } })
      statuses.add(reply.status)
      if (reply.status === 201) acknowledged.push(String(reply.body['id']))
      else expect([reply.status, reply.headers.get('retry-after')]).toEqual([503, '2'])
    }
  }
  const hands = Promise.all([hand(), hand(), hand(), hand()])
  hands.catch(() => undefined)
  return {
    acknowledged,
    statuses,
    end: async () => {
      end.abort()
      await hands
    },
  }
}

async function expectKept(ann: Person, acknowledged: readonly string[]): Promise<void> {
  for (const id of acknowledged) expect([id, (await ann.ask('GET', `/notes/${id}`)).status]).toEqual([id, 200])
}

test(
  'an embedded PostgreSQL that is killed is started again, twice, and no acknowledged note is lost',
  { timeout: 40_000 },
  async () => {
    const dataDir = temporaryDirectory()
    const server = await serve({ DATA_DIR: dataDir, LOG_LEVEL: 'warn' })
    const ann = await register(server)
    const writing = startWriting(ann, 'x')
    for (const signal of ['SIGKILL', 'SIGQUIT'] as const) {
      const before = writing.acknowledged.length
      await until('some are written', () => writing.acknowledged.length > before + 20)
      process.kill(postmaster(dataDir), signal)
      await until('it is unhealthy', () => repliesWith(`${server.url}/health`, 503))
      expect(await repliesWith(`${server.url}/health/live`, 200)).toBe(true)
      await until('it is healthy again', () => isHealthy(server), 8_000)
    }
    await writing.end()
    expect(writing.statuses).toEqual(new Set([201, 503]))
    await expectKept(ann, writing.acknowledged)
    const said = server.lines().filter(({ level }) => level === 50)
    expect(said.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(/^the embedded PostgreSQL exited with SIGKILL; starting it again in 0\.5 s$/),
      expect.stringMatching(/^the embedded PostgreSQL exited with .+; starting it again in (0\.5|1) s$/),
    ])
    expect(await within('it ends', server.end('SIGTERM'), 10_000)).toBe(0)
  },
)

test('SIGTERM while PostgreSQL is away ends the server at once, and nothing is left', async () => {
  const dataDir = temporaryDirectory()
  const server = await serve({ DATA_DIR: dataDir })
  process.kill(postmaster(dataDir), 'SIGKILL')
  await until('it waits', () => server.stdout().includes('starting it again'))
  expect(await within('it ends', server.end('SIGTERM'), 2_000)).toBe(0)
  await until('none is left', () => postgresIn(dataDir).length === 0)
})

test.runIf(disk)(
  'a full disk costs writes and then PostgreSQL, but not the server, which heals when there is space again',
  { timeout: 90_000 },
  async () => {
    if (disk === undefined) return
    const dataDir = join(disk.directory, 'data')
    const server = await serve({ DATA_DIR: dataDir, LOG_LEVEL: 'warn' })
    const ann = await register(server)
    const kept = await ann.ask('POST', '/notes', { body: { title: 'Kept', content: 'before' } })
    const path = `/notes/${String(kept.body['id'])}`

    // A table that cannot grow: SQLSTATE 53100.
    disk.fill()
    const writing = startWriting(ann, noise(20_000))
    await until('a write is refused', () => writing.statuses.has(503))
    expect((await ann.ask('GET', path)).status).toBe(200)
    expect(await isHealthy(server)).toBe(true)

    // A log that needs its next segment: PANIC, and no start succeeds.
    await useUpLog(dataDir)
    await until('PostgreSQL cannot start', () => server.stdout().includes('cannot start'), 30_000)
    expect(await repliesWith(`${server.url}/health`, 503)).toBe(true)
    expect(await repliesWith(`${server.url}/health/live`, 200)).toBe(true)
    const said = server.lines().find(({ msg }) => String(msg).includes('cannot start'))?.['msg']
    expect(said).toMatch(/No space left on device|the disk of DATA_DIR has only \d+\.\d MiB left/)

    disk.free()
    await until('it is healthy again', () => isHealthy(server), 15_000)
    const before = writing.acknowledged.length
    await until('it writes again', () => writing.acknowledged.length > before)
    await writing.end()
    await expectKept(ann, [String(kept.body['id']), ...writing.acknowledged])
    expect(await ask(server, 'GET', '/health')).toMatchObject({ status: 200 })
  },
)

/** Ends this segment of the write-ahead log, until PostgreSQL cannot make the next. */
async function useUpLog(dataDir: string): Promise<void> {
  const client = new Client(embeddedConnection(dataDir))
  client.on('error', () => undefined)
  await client.connect()
  const use = () => client.query(`select pg_logical_emit_message(true, 'test', 'x'), pg_switch_wal()`)
  await until('the connection is lost', () =>
    use().then(
      () => false,
      () => true,
    ),
  )
  await client.end().catch(() => undefined)
}

/** Text that PostgreSQL cannot compress. */
function noise(length: number): string {
  let text = ''
  while (text.length < length) text += Math.random().toString(36).slice(2)
  return text.slice(0, length)
}
