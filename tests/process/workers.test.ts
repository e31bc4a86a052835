import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import { afterAll, afterEach, expect, test } from 'vitest'
import { useDatabase, useFixture } from '../support/fixtures.ts'
import { openStream } from '../support/event-stream.ts'
import { ask, form, type Person, register } from '../support/people.ts'
import {
  cleanUp,
  databaseEnv,
  endServers,
  postgresIn,
  repliesWith,
  runServer,
  serve,
  type ServerProcess,
  temporaryDirectory,
  until,
} from '../support/process.ts'
import { openProxy } from '../support/proxy.ts'

/** Milliseconds; each of these starts several processes, perhaps on a busy machine. */
const PATIENCE = 90_000
const PROJECT = join(import.meta.dirname, '..', '..')
const database = useDatabase()
const proxy = useFixture(
  () => openProxy(database.connection),
  (opened) => opened.close(),
)
const external = () => databaseEnv({ ...database.connection, port: proxy.port })
const settings = (more: Readonly<Record<string, string>> = {}) => {
  return { ...external(), WORKERS: '2', DATA_DIR: temporaryDirectory(), ...more }
}

afterEach(endServers)
afterAll(cleanUp)

/** Each request takes a connection that is idle, or a new one. */
async function closeIdleConnections(server: ServerProcess): Promise<void> {
  for (let count = 0; count < 8; count += 1)
    await ask(server, 'GET', '/health/live', { headers: { Connection: 'close' } })
}

/** The processes whose parent is this one. */
function childrenOf(pid: number | undefined): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
}
const isAlive = (pid: number): boolean => existsSync(`/proc/${pid}`)
const said = (server: ServerProcess, text: string): boolean =>
  server.lines().some(({ msg }) => String(msg).includes(text))
/** Waits until all workers serve; /health is good as soon as one of them does. */
async function serveWorkers(...given: Parameters<typeof serve>): Promise<ServerProcess> {
  const server = await serve(...given)
  await until('all workers serve', () => said(server, 'notes-api is ready'))
  return server
}
const answersOf = (server: ServerProcess): number => server.lines().filter(({ msg }) => msg === 'request').length
/** The workers that have answered a request. */
const answered = (server: ServerProcess): Set<unknown> =>
  new Set(server.lines().flatMap(({ msg, worker }) => (msg === 'request' ? [worker] : [])))

const bearer = ({ accessToken }: Person) => ({ Authorization: `Bearer ${accessToken}` })

function reload(env: Readonly<Record<string, string>>): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [join(PROJECT, 'src', 'workers', 'reload.ts')], {
    cwd: temporaryDirectory(),
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text))
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })))
}

test(
  'two workers serve one port on the embedded database, a killed one is replaced, and all end together',
  async () => {
    const dataDir = temporaryDirectory()
    const server = await serveWorkers({ WORKERS: '2', DATA_DIR: dataDir })
    const ann = await register(server)
    await closeIdleConnections(server)
    expect(answered(server)).toEqual(new Set([1, 2]))
    expect(said(server, `notes-api is ready at ${server.url} with 2 workers`)).toBe(true)

    // PostgreSQL is a child too.
    const killed = childrenOf(server.child.pid).find(
      (pid) => readFileSync(`/proc/${pid}/comm`, 'utf8') !== 'postgres\n',
    )
    process.kill(killed ?? 0, 'SIGKILL')
    // What was under way there has failed.
    await until('the other one answers', () => repliesWith(`${server.url}/health`, 200), 2_000)
    await until('the worker is replaced', () => said(server, 'worker 3 serves'))
    expect(said(server, 'ended with SIGKILL; another worker is started in 0.5 s')).toBe(true)
    expect((await ann.ask('POST', '/notes', { body: { title: 'a', content: 'b' } })).status).toBe(201)

    const all = childrenOf(server.child.pid)
    expect(await server.end('SIGTERM')).toBe(0)
    await until('all processes are gone', () => !all.some(isAlive))
    expect(postgresIn(dataDir)).toEqual([])
    expect(existsSync(join(dataDir, 'server.json'))).toBe(false)
  },
  PATIENCE,
)

test(
  'a connection that a worker has not taken when it ends is closed, and not left without an answer',
  async () => {
    const server = await serveWorkers(settings())
    const [stuck = 0] = childrenOf(server.child.pid)
    await closeIdleConnections(server)
    process.kill(stuck, 'SIGSTOP')
    const before = answersOf(server)
    const close = { headers: { Connection: 'close' } }
    const asked = Array.from({ length: 6 }, () =>
      ask(server, 'GET', '/health/live', close).then(
        ({ status }) => status,
        () => 'closed',
      ),
    )
    await until('the other worker has answered', () => answersOf(server) >= before + 5)
    process.kill(stuck, 'SIGKILL')
    expect(
      (await Promise.all(asked)).toSorted((one, other) => (one === other ? 0 : one === 'closed' ? 1 : -1)),
    ).toEqual([200, 200, 200, 200, 200, 'closed'])
  },
  PATIENCE,
)

test(
  'the quota of an account, its streams and its logins count for all workers together',
  async () => {
    const server = await serveWorkers(settings({ RATE_LIMITS: 'on', RATE_LIMIT_USER: '60' }))
    const [ann, bob] = [await register(server), await register(server)]
    const close = { headers: { Connection: 'close' } }
    const statuses = await Promise.all(
      Array.from({ length: 100 }, async () => (await ann.ask('GET', '/users/me', close)).status),
    )
    expect(statuses.filter((status) => status === 200)).toHaveLength(60)
    expect(statuses.filter((status) => status === 429)).toHaveLength(40)
    expect(answered(server).size).toBe(2)

    const streams = await Promise.all(
      Array.from({ length: 10 }, () => openStream(`${server.url}/changes/stream`, bearer(bob))),
    )
    expect((await bob.ask('GET', '/changes/stream')).status).toBe(429)
    await streams[0]?.[Symbol.asyncDispose]()
    const next = await until(
      'a place is free',
      async () => (await openStream(`${server.url}/changes/stream`, bearer(bob))).status === 200,
    )
    expect(next).toBeGreaterThan(0)
  },
  PATIENCE,
)

test(
  'a reload replaces all workers while requests go on, and none of these fails',
  async () => {
    const env = settings()
    const server = await serveWorkers(env)
    const ann = await register(server)
    const before = childrenOf(server.child.pid)
    // An idle connection is kept for ten seconds.
    await closeIdleConnections(server)
    const stream = await fetch(`${server.url}/changes/stream`, { headers: bearer(ann) })
    const traffic = sendRequests(server, ann.accessToken)
    await delay(300)
    const { code, output } = await reload(env)
    expect(output).toContain('all workers run version')
    expect(code).toBe(0)
    await delay(300)
    const { sent, failures } = await traffic.stop()
    expect(failures).toEqual([])
    expect(sent).toBeGreaterThan(100)
    const after = childrenOf(server.child.pid)
    expect(after).toHaveLength(2)
    expect(after.filter((pid) => before.includes(pid))).toEqual([])
    expect(await stream.text()).toContain('server_stopping')
    expect((await ann.ask('GET', '/users/me')).status).toBe(200)
  },
  PATIENCE,
)

test(
  'a reload of code with a pending migration is refused, and the old workers go on',
  async () => {
    const env = settings()
    const cwd = temporaryDirectory()
    const server = await serveWorkers(env, { cwd })
    const before = childrenOf(server.child.pid)
    writeFileSync(join(cwd, '.env'), 'TRASH_DAYS=7\n')
    // As if the last migration had come with the new code.
    const { rows } = await sql<{ name: string }>`delete from migrations where id = (select max(id) from migrations)
    returning name`.execute(database.db)
    try {
      const { code, output } = await reload(env)
      expect(output).toContain(`has migrations that are not applied (${rows[0]?.name}): restart the whole server`)
      expect(code).toBe(1)
      expect(childrenOf(server.child.pid)).toEqual(before)
      expect(said(server, 'settings have changed (TRASH_DAYS); they take effect after a restart')).toBe(true)
      expect((await ask(server, 'GET', '/health')).status).toBe(200)
    } finally {
      await sql`insert into migrations (name, run_on) values (${rows[0]?.name}, now())`.execute(database.db)
    }
  },
  PATIENCE,
)

test(
  'what cannot start is told in one line, with exit code 1',
  async () => {
    const dataDir = join(temporaryDirectory(), 'data')
    const other = await serve(external())
    const inUse = await runServer({ WORKERS: '2', DATA_DIR: dataDir, PORT: String(other.port) })
    expect(inUse).toMatchObject({
      code: 1,
      stderr: `notes-api: PORT ${other.port} on 127.0.0.1 is already in use; stop the other process or change PORT\n`,
    })
    expect(existsSync(dataDir)).toBe(false)

    const tooMany = await runServer(settings({ DATABASE_POOL_SIZE: '40' }))
    expect(tooMany.code).toBe(1)
    expect(tooMany.stderr).toMatch(
      /^notes-api: DATABASE_POOL_SIZE 40, for each of 2 workers and one more during a reload: that is 120 connections, and PostgreSQL allows this role \d+; lower it or WORKERS, or raise max_connections there\n$/,
    )
  },
  PATIENCE,
)

test(
  'the workers of a killed primary end, and so does the embedded database',
  async () => {
    const dataDir = temporaryDirectory()
    const server = await serveWorkers({ WORKERS: '2', DATA_DIR: dataDir })
    const children = childrenOf(server.child.pid)
    server.child.kill('SIGKILL')
    await until('the workers end', () => children.every((pid) => !isAlive(pid)))
    await until('PostgreSQL ends', () => postgresIn(dataDir).length === 0)
  },
  PATIENCE,
)

test(
  'a server that npm run reload cannot find, for want of a DATA_DIR, warns of it and is reloaded by a signal',
  async () => {
    const server = await serveWorkers(settings({ DATA_DIR: '/dev/null/notes' }))
    const line = server.lines().find(({ msg }) => String(msg).startsWith('npm run reload will not find this server'))
    expect(line).toMatchObject({ level: 40, msg: expect.stringContaining(`use kill -HUP ${server.child.pid} instead`) })
    process.kill(server.child.pid ?? 0, 'SIGHUP')
    await until('it begins', () => said(server, 'replacing 2 workers'))
  },
  PATIENCE,
)

test(
  'a server of one process says that it cannot be reloaded, and goes on',
  async () => {
    const env = { ...settings(), WORKERS: '1' }
    const server = await serve(env)
    server.child.kill('SIGHUP')
    await until('it says so', () => said(server, 'only a server with WORKERS=2 or more can be reloaded'))
    expect((await ask(server, 'GET', '/health')).status).toBe(200)
    const { code, output } = await reload(env)
    expect(code).toBe(1)
    expect(output).toContain('no server with WORKERS=2 or more runs on DATA_DIR')
  },
  PATIENCE,
)

test(
  'wrong passwords are slowed down, whichever worker is asked',
  async () => {
    const server = await serveWorkers(settings())
    const ann = await register(server)
    const statuses = []
    for (let guess = 0; guess < 7; guess += 1) {
      const { body, headers } = form({ username: ann.email, password: 'not the password' })
      statuses.push(
        (await ask(server, 'POST', '/auth/token', { body, headers: { ...headers, Connection: 'close' } })).status,
      )
    }
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429])
  },
  PATIENCE,
)

/** Sends requests on kept connections, about a hundred a second, until it is stopped. */
function sendRequests({ port }: ServerProcess, token: string) {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const failures: string[] = []
  let sent = 0
  const stopping = new AbortController()
  const once = (): Promise<void> =>
    new Promise((resolve) => {
      const headers = { Authorization: `Bearer ${token}` }
      const asked = request({ host: '127.0.0.1', port, path: '/users/me', agent, headers }, (response) => {
        if (response.statusCode !== 200) failures.push(`status ${response.statusCode}`)
        response.resume().once('end', resolve)
      })
      asked.once('error', (error) => {
        failures.push(error.message)
        resolve()
      })
      asked.end()
      sent += 1
    })
  const sending = Promise.all(
    Array.from({ length: 4 }, async () => {
      while (!stopping.signal.aborted) {
        await once()
        await delay(40)
      }
    }),
  )
  return {
    stop: async () => {
      stopping.abort()
      await sending
      agent.destroy()
      return { sent, failures }
    },
  }
}
