import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { afterAll, afterEach, expect, test } from 'vitest'
import { useDatabase, useFixture } from '../support/fixtures.ts'
import { ask, form, newKey, register } from '../support/people.ts'
import {
  cleanUp,
  databaseEnv,
  endServers,
  freePort,
  runServer,
  serve,
  type ServerProcess,
  temporaryDirectory,
  until,
} from '../support/process.ts'
import { openProxy } from '../support/proxy.ts'

/** Milliseconds; processes start, perhaps on a busy machine. */
const PATIENCE = 90_000

const database = useDatabase()
const proxy = useFixture(
  () => openProxy(database.connection),
  (opened) => opened.close(),
)
afterEach(endServers)
afterAll(cleanUp)

async function serveWithMetrics(more: Readonly<Record<string, string>> = {}) {
  const port = await freePort()
  const env = { ...databaseEnv({ ...database.connection, port: proxy.port }), METRICS_PORT: String(port), ...more }
  const server = await serve(env)
  const read = async (): Promise<string> => (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  const sum = async (name: string): Promise<number> => {
    const lines = (await read())
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    return lines.map((line) => Number(line.split(' ').at(-1))).reduce((total, value) => total + value, 0)
  }
  return { server, read, sum }
}

/** Sends bytes that are no HTTP, or not as fetch would send them. */
function sendRaw({ port }: ServerProcess, text: string): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined)
    socket.resume().once('close', () => resolve())
    socket.write(text)
  })
}

test(
  'secrets that clients send are in no metric and in no line of the log',
  async () => {
    const { server, read } = await serveWithMetrics()
    const secrets: string[] = []
    const secret = (): string => {
      const made = `canary${randomUUID().replaceAll('-', '')}`
      secrets.push(made)
      return made
    }
    const ann = await register(server)
    secrets.push(ann.password, ann.accessToken, ann.refreshToken, (await newKey(ann)).key)
    const note = { title: secret(), content: secret(), tags: [secret()] }
    const made = await ann.ask('POST', '/notes', { body: note, headers: { 'Idempotency-Key': secret() } })
    expect(made.status).toBe(201)
    await ann.ask('PATCH', `/notes/${String(made.body['id'])}`, { body: { content: secret() } })
    await ann.ask('GET', `/notes?q=${secret()}&tag=${secret()}`)
    await ask(server, 'GET', `/notes/${secret()}?access_token=${secret()}`)
    await ask(server, 'GET', `/nowhere?token=${secret()}`)
    await ann.ask('POST', '/notes', { body: `{"content": "${secret()}` })
    await ann.ask('POST', '/notes', { body: { [secret()]: secret() } })
    const { body, headers } = form({ username: ann.email, password: secret() })
    await ask(server, 'POST', '/auth/token', { body, headers })
    await ask(server, 'GET', '/users/me', { headers: { Authorization: `Bearer nak_${secret()}` } })
    await ask(server, 'GET', '/health', {
      headers: { 'User-Agent': secret(), traceparent: secret(), Cookie: secret(), 'X-Request-Id': `!${secret()}` },
    })
    await sendRaw(server, `GET /${secret()} HTTP/9.9\r\n${secret()}\r\n\r\n`)
    await sendRaw(
      server,
      `POST /notes HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1\r\nX: ${secret()}\r\n\r\nx`,
    )

    const metrics = await read()
    expect(metrics).toContain('notes_api_requests_total{operation="createNote",status="2xx"} 1')
    expect(metrics).toMatch(/notes_api_problems_total\{type="unauthorized"\} [1-9]/)
    await server.end('SIGTERM')
    expect(server.lines().length).toBeGreaterThan(10)
    const told = `${metrics}${server.stdout()}${server.stderr()}`
    expect(secrets.length).toBeGreaterThan(20)
    expect(secrets.filter((one) => told.includes(one))).toEqual([])
  },
  PATIENCE,
)

test(
  'the metrics are told while the database is away, and say so',
  async () => {
    const { sum } = await serveWithMetrics()
    expect(await sum('notes_api_database_up')).toBe(1)
    proxy.swallow()
    proxy.cut()
    await until('the metrics say so', async () => (await sum('notes_api_database_up')) === 0)
    proxy.restore()
    await until('the database is back', async () => (await sum('notes_api_database_up')) === 1)
  },
  PATIENCE,
)

test(
  'the totals of workers are added, and do not fall when these are replaced',
  async () => {
    const { server, sum } = await serveWithMetrics({ WORKERS: '2', DATA_DIR: temporaryDirectory() })
    const said = (text: string): boolean => server.lines().some(({ msg }) => String(msg).includes(text))
    await until('all workers serve', () => said('notes-api is ready'))
    const close = { headers: { Connection: 'close' } }
    for (let count = 0; count < 20; count += 1) await ask(server, 'GET', '/health/live', close)
    const counted = 'notes_api_request_duration_seconds_count'
    const before = await sum(counted)
    expect(before).toBeGreaterThanOrEqual(20)
    expect(await sum('notes_api_workers')).toBe(2)
    server.child.kill('SIGHUP')
    await until('the workers are replaced', () => said('replaced all workers'), 60_000)
    expect(await sum(counted)).toBeGreaterThanOrEqual(before)
    await ask(server, 'GET', '/health/live', close)
    expect(await sum(counted)).toBeGreaterThanOrEqual(before + 1)
  },
  PATIENCE,
)

test(
  'a valid traceparent is in the lines of its request',
  async () => {
    const { server } = await serveWithMetrics()
    const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
    await ask(server, 'GET', '/health', { headers: { traceparent: `00-${trace}-00f067aa0ba902b7-01` } })
    await until('the line is there', () => server.lines().some((line) => line['trace_id'] === trace))
  },
  PATIENCE,
)

test(
  'a port of the metrics that is in use is told before the database is touched',
  async () => {
    const { server } = await serveWithMetrics()
    const used = await runServer({ METRICS_PORT: String(server.port), DATA_DIR: temporaryDirectory() })
    expect(used).toMatchObject({
      code: 1,
      stderr: `notes-api: METRICS_PORT ${server.port} on 127.0.0.1 is already in use; change it\n`,
    })
  },
  PATIENCE,
)
