import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type EmbeddedPostgres, startEmbedded } from '../../src/db/embedded/embedded.ts'
import { ask, type Person, register } from '../support/people.ts'
import {
  cleanUp,
  databaseEnv,
  postgresIn,
  serve,
  type ServerProcess,
  temporaryDirectory,
  until,
} from '../support/process.ts'
import { openProxy, type Proxy } from '../support/proxy.ts'

let dataDir: string
let cluster: EmbeddedPostgres
let proxy: Proxy
let server: ServerProcess
let ann: Person

beforeAll(async () => {
  dataDir = temporaryDirectory()
  await startCluster()
  proxy = await openProxy(cluster.connection)
  server = await serve(databaseEnv({ ...cluster.connection, port: proxy.port }))
  ann = await register(server)
})
afterAll(async () => {
  await proxy.close()
  await cluster.stop()
  await cleanUp()
})

async function startCluster(): Promise<void> {
  cluster = await startEmbedded({ dataDir, settings: { fsync: 'off' } })
}

interface Outcome {
  readonly startedAt: number
  readonly took: number
  /** The status, or the error of fetch when there is none. */
  readonly status: number | string
  /** The id of the note that a 201 acknowledged. */
  readonly id: string | undefined
  readonly isProblem: boolean
}

interface Load {
  readonly outcomes: Outcome[]
  /** Resolves once 20 requests in a row, begun after the call, have succeeded. */
  readonly recovered: (max: number) => Promise<number>
  /** Waits for the requests under way, then checks every outcome against what is promised for any failure. */
  readonly end: () => Promise<void>
}

/** Begins 40 requests a second, a third of them writes, however slow the earlier ones are. */
function startLoad(): Load {
  const outcomes: Outcome[] = []
  const pending = new Set<Promise<void>>()
  let count = 0
  const request = async (): Promise<void> => {
    const startedAt = performance.now()
    const isWrite = (count += 1) % 3 === 0
    const path = isWrite ? '/notes' : count % 3 === 1 ? '/notes?limit=2' : '/users/me'
    const asked = isWrite
      ? ann.ask('POST', path, { body: { title: `Number ${count}`, content: 'x' } })
      : ann.ask('GET', path)
    const reply = await asked.catch((error: unknown) => String(error))
    const took = performance.now() - startedAt
    if (typeof reply === 'string') outcomes.push({ startedAt, took, status: reply, id: undefined, isProblem: false })
    else {
      const isProblem = reply.headers.get('retry-after') === '2' && reply.body['type'] === '/problems/unavailable'
      outcomes.push({
        startedAt,
        took,
        status: reply.status,
        id: reply.status === 201 ? String(reply.body['id']) : undefined,
        isProblem,
      })
    }
  }
  const timer = setInterval(() => {
    const running = request().finally(() => pending.delete(running))
    pending.add(running)
  }, 25)
  return {
    outcomes,
    recovered: (max) => {
      const since = performance.now()
      const isWell = (): boolean => {
        const last = outcomes.filter(({ startedAt }) => startedAt > since).slice(-20)
        return last.length === 20 && last.every(({ status }) => status === 200 || status === 201)
      }
      return until('20 requests in a row have succeeded', isWell, max)
    },
    end: async () => {
      clearInterval(timer)
      await Promise.all(pending)
      const statuses = new Set(outcomes.map(({ status }) => status))
      expect([...statuses].filter((status) => status !== 200 && status !== 201 && status !== 503)).toEqual([])
      expect(outcomes.filter(({ status, isProblem }) => status === 503 && !isProblem)).toEqual([])
      expect(Math.max(...outcomes.map(({ took }) => took))).toBeLessThan(8_000)
      expect(server.child.exitCode).toBeNull()
      const acknowledged = outcomes.flatMap(({ id }) => id ?? [])
      expect(acknowledged.length).toBeGreaterThan(5)
      const found = new Set((await query<{ id: string }>('select id from notes')).map(({ id }) => id))
      expect(acknowledged.filter((id) => !found.has(id))).toEqual([])
      expect(
        await query(
          `select query from pg_stat_activity
            where state like 'idle in transaction%' and application_name = 'notes-api'`,
        ),
      ).toEqual([])
    },
  }
}

/** Queries by the socket, past the proxy. */
async function query<Row extends object>(text: string): Promise<Row[]> {
  const client = new Client(cluster.connection)
  await client.connect()
  try {
    return (await client.query<Row>(text)).rows
  } finally {
    await client.end()
  }
}

const failures = (load: Load): number => load.outcomes.filter(({ status }) => status === 503).length

test.each([
  ['A fast', () => cluster.stop()],
  ['An immediate', () => killPostgres()],
])('%s restart of PostgreSQL causes 503s and nothing else, for at most 5 s after it', async (_, end) => {
  const load = startLoad()
  await load.recovered(5_000)
  await end()
  await until('the outage shows', () => failures(load) > 5)
  await startCluster()
  await load.recovered(5_000)
  await load.end()
})

/** As an immediate shutdown: connections just end, and the next start recovers from the log. */
async function killPostgres(): Promise<void> {
  process.kill(Number.parseInt(readFileSync(join(dataDir, 'pg18', 'postmaster.pid'), 'utf8'), 10), 'SIGQUIT')
  await until('PostgreSQL is gone', () => postgresIn(dataDir).length === 0)
  await cluster.stop()
}

test('connections that are cut cost at max the requests that were on them', async () => {
  const load = startLoad()
  await load.recovered(5_000)
  for (let count = 0; count < 5; count += 1) {
    proxy.cut()
    await load.recovered(3_000)
  }
  await load.end()
  expect(failures(load)).toBeLessThan(30)
})

test(
  'a network that drops everything for 3 s is recovered from within 10 s, and no dead connection is left',
  { timeout: 30_000 },
  async () => {
    const load = startLoad()
    await load.recovered(5_000)
    proxy.swallow()
    await delay(3_000) // the failure itself
    proxy.restore()
    const took = await load.recovered(10_000)
    expect(took).toBeLessThan(10_000)
    await load.end()
    const burst = await Promise.all(Array.from({ length: 20 }, () => ann.ask('GET', '/notes')))
    expect(new Set(burst.map(({ status }) => status))).toEqual(new Set([200]))
    expect(failures(load)).toBeGreaterThan(0)
  },
)

test('a row that another session has locked is a 503 in time for its callers, and no matter to others', async () => {
  const made = await ann.ask('POST', '/notes', { body: { title: 'Locked', content: 'x' } })
  const path = String(made.headers.get('location'))
  const client = new Client(cluster.connection)
  client.on('error', () => undefined)
  await client.connect()
  await client.query('begin')
  await client.query('select from notes where id = $1 for update', [made.body['id']])
  const load = startLoad()
  const began = performance.now()
  const refused = await Promise.all([ann.ask('PUT', path, { body: { title: 'x' } }), ann.ask('DELETE', path)])
  expect(performance.now() - began).toBeLessThan(4_500)
  expect(refused.map(({ status }) => status)).toEqual([503, 503])
  expect(refused.map(({ headers }) => headers.get('retry-after'))).toEqual(['2', '2'])
  expect((await ann.ask('GET', path)).status).toBe(200)
  await load.end()
  expect(failures(load)).toBe(0)
  await client.query('rollback')
  await client.end()
  expect((await ann.ask('PUT', path, { body: { title: 'Free' } })).body).toMatchObject({ title: 'Free', version: 2 })
})

test('health reports the truth within a second and a half while the network is away', async () => {
  proxy.swallow()
  const began = performance.now()
  const [health, live] = await Promise.all([ask(server, 'GET', '/health'), ask(server, 'GET', '/health/live')])
  expect([health.status, live.status]).toEqual([503, 200])
  expect(performance.now() - began).toBeLessThan(1_500)
  proxy.cut()
  proxy.restore()
  await until('it is healthy', async () => (await ask(server, 'GET', '/health')).status === 200, 5_000)
})
