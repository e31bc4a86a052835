import { createServer } from 'node:net'
import { afterAll, expect, test } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { ask, register } from '../support/people.ts'
import { repliesWith, cleanUp, databaseEnv, freePort, serve, spawnServer, until } from '../support/process.ts'
import { openProxy } from '../support/proxy.ts'

const opened: (() => Promise<void>)[] = []

afterAll(async () => {
  await cleanUp()
  for (const close of opened.toReversed()) await close()
})

async function emptyDatabase(): Promise<TestDatabase> {
  const database = await createTestDatabase({ empty: true })
  opened.push(database.drop)
  return database
}

/** Listens as a starting PostgreSQL does, until the server has tried it twice. */
async function refuseTwice(port: number): Promise<void> {
  let tries = 0
  const listener = createServer((socket) => {
    tries += 1
    socket.on('error', () => undefined).destroy()
  })
  await new Promise<void>((resolve) => listener.listen(port, '127.0.0.1', resolve))
  await until('it tries again', () => tries >= 2)
  await new Promise((resolve) => listener.close(resolve))
}

test('without its database a server is alive, replies 503 and logs it once; then it serves within 5 s', async () => {
  const { connection } = await emptyDatabase()
  const port = await freePort()
  const server = await spawnServer(databaseEnv({ ...connection, port }))
  await until('it is alive', () => repliesWith(`${server.url}/health/live`, 200))

  const health = await ask(server, 'GET', '/health')
  expect([health.status, health.body['type'], health.headers.get('retry-after')]).toEqual([
    503,
    '/problems/unhealthy',
    '2',
  ])
  const body = { email: 'early@example.com', password: 'pass-1234567' }
  const early = await ask(server, 'POST', '/auth/register', { body })
  expect([early.status, early.body['type'], early.headers.get('retry-after')]).toEqual([
    503,
    '/problems/unavailable',
    '2',
  ])
  await until('it is logged', () => server.stdout().includes('waiting for it'))
  await refuseTwice(port)

  const proxy = await openProxy(connection, { port })
  opened.push(proxy.close)
  expect(await until('it serves', () => repliesWith(`${server.url}/health`, 200), 5_000)).toBeLessThan(5_000)
  expect((await ask(server, 'POST', '/auth/register', { body })).status).toBe(201)
  expect(server.lines().filter(({ msg }) => String(msg).includes('waiting'))).toHaveLength(1)
  expect(await server.end('SIGTERM')).toBe(0)
})

test('a server that waits for its database can be stopped', async () => {
  const server = await spawnServer(databaseEnv({ user: 'notes', database: 'notes', port: await freePort() }))
  await until('it waits', () => server.stdout().includes('waiting for it'))
  expect(await server.end('SIGINT')).toBe(0)
})

test('two servers that start at once on one empty database apply each migration once, and both serve', async () => {
  const { connection } = await emptyDatabase()
  const proxy = await openProxy(connection)
  opened.push(proxy.close)
  const env = databaseEnv({ ...connection, port: proxy.port })
  const servers = await Promise.all([serve(env), serve(env)])
  const applied = servers.flatMap((server) => server.lines().flatMap(({ migrations }) => migrations ?? []))
  expect(applied.length).toBeGreaterThan(2)
  expect(new Set(applied).size).toBe(applied.length)
  const [first, second] = servers
  const ann = await register(first)
  const made = await ann.ask('POST', '/notes', { body: { title: 'a', content: 'b' } })
  const read = await ask(second, 'GET', String(made.headers.get('location')), {
    headers: { Authorization: `Bearer ${ann.accessToken}` },
  })
  expect(read.body).toEqual(made.body)
  expect(await Promise.all(servers.map((server) => server.end('SIGTERM')))).toEqual([0, 0])
})
