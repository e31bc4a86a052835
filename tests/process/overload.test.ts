import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, expect, test } from 'vitest'
import { type Answer, ask, register } from '../support/people.ts'
import { cleanUp, databaseEnv, endServers, repliesWith, serve, temporaryDirectory, until } from '../support/process.ts'
import { createTestDatabase } from '../support/database.ts'
import { openProxy } from '../support/proxy.ts'

const opened: (() => Promise<unknown>)[] = []

afterEach(endServers)
afterAll(async () => {
  await cleanUp()
  for (const close of opened.toReversed()) await close()
})

test('a database that does not answer: new requests are refused, and the log tells the beginning and the end', async () => {
  const database = await createTestDatabase()
  opened.push(database.drop)
  const proxy = await openProxy(database.connection)
  opened.push(proxy.close)
  const server = await serve({ ...databaseEnv({ ...database.connection, port: proxy.port }), DATABASE_POOL_SIZE: '2' })
  const ann = await register(server)
  const told = (text: string) => server.lines().filter(({ msg }) => String(msg).includes(text))

  proxy.swallow()
  const asked: Promise<Answer>[] = []
  const timer = setInterval(() => asked.push(ann.ask('GET', '/notes')), 50)
  await until('some are refused', () => told('new requests are refused').length > 0 && asked.length > 20)
  clearInterval(timer)
  expect((await ask(server, 'GET', '/health/live')).status).toBe(200)
  const answers = await Promise.all(asked)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
  const details = answers.map(({ body }) => body['detail'])
  expect(details).toContain('The database does not keep up with the requests right now.')

  proxy.cut()
  proxy.restore()
  await until('it is healthy', () => repliesWith(`${server.url}/health`, 200), 10_000)
  await until('it serves', async () => (await ann.ask('GET', '/notes')).status === 200, 5_000)
  await until('the end is told', () => told('no request is refused any more').length === 1, 12_000)
  expect(told('no request is refused')[0]).toMatchObject({ level: 40, refused: expect.any(Number) })
  expect(told('new requests are refused')).toHaveLength(1)
}, 60_000)

test('more connections than the process may have open files do not keep it from its database', async () => {
  const server = await serve({ DATA_DIR: temporaryDirectory() }, { under: ['prlimit', '--nofile=400'] })
  const ann = await register(server)
  const sockets: Socket[] = []
  let closed = 0
  for (let count = 0; count < 500; count += 1) {
    sockets.push(
      connect({ port: server.port, host: '127.0.0.1' })
        .on('error', () => undefined)
        .on('close', () => (closed += 1))
        .resume(),
    )
  }
  try {
    // 400 files, of which 256 are left to the server itself.
    await until('those beyond the limit are closed', () => closed >= 500 - 144)
    // Over the connection that is kept from before, but with more connections to the database than there were.
    expect((await ann.ask('GET', '/notes')).status).toBe(200)
    expect(server.stdout()).toContain('there are 144 connections; more are closed at once')
  } finally {
    for (const socket of sockets) socket.destroy()
  }
  const answers = await Promise.all(Array.from({ length: 20 }, () => ann.ask('GET', '/notes')))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
  expect(await server.end('SIGTERM')).toBe(0)
}, 30_000)
