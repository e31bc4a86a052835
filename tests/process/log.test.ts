import { readFileSync } from 'node:fs'
import { Agent, get } from 'node:http'
import { connect } from 'node:net'
import { join } from 'node:path'
import { Client } from 'pg'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { embeddedConnection } from '../../src/db/embedded/embedded.ts'
import { describeError } from '../../src/log.ts'
import { ask, logIn, type Person, register } from '../support/people.ts'
import {
  repliesWith,
  cleanUp,
  databaseEnv,
  freePort,
  serve,
  type ServerProcess,
  spawnServer,
  temporaryDirectory,
  until,
  within,
} from '../support/process.ts'

let dataDir: string
let server: ServerProcess
let admin: Client

beforeAll(async () => {
  dataDir = temporaryDirectory()
  server = await serve({ DATA_DIR: dataDir, LOG_LEVEL: 'trace', LOG_FORMAT: 'auto' })
  admin = new Client(embeddedConnection(dataDir))
  admin.on('error', () => undefined)
  await admin.connect()
})
afterAll(async () => {
  await admin.end()
  await cleanUp()
})

const requestLines = (id: string) =>
  server.lines().filter(({ request_id, msg }) => request_id === id && msg === 'request')

async function requestLine(id: string): Promise<Record<string, unknown>> {
  await until(`${id} is logged`, () => requestLines(id).length > 0)
  return requestLines(id)[0] ?? {}
}

/** Sends these bytes and returns the reply, for requests that no client library would send. */
function send(text: string): Promise<string> {
  return sendTo(server.port, text)
}

function sendTo(port: number, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.setEncoding('utf8').on('data', (chunk: string) => (reply += chunk))
    socket.on('error', reject).on('close', () => resolve(reply))
  })
}

describe('each request', () => {
  test('has one log line with its operation, method, status, duration and id, and no address', async () => {
    const id = 'one-line.1_A'
    expect((await ask(server, 'GET', '/users/me', { headers: { 'X-Request-Id': id } })).status).toBe(401)
    const { time, duration_ms, ...line } = await requestLine(id)
    expect(line).toEqual({ level: 30, request_id: id, operation: 'getMe', method: 'GET', status: 401, msg: 'request' })
    expect([typeof time, typeof duration_ms]).toEqual(['number', 'number'])
    await repliesWith(`${server.url}/health/live`, 200)
    expect(requestLines(id)).toHaveLength(1)
  })

  test.each(['a', 'A.b_c-9', 'x'.repeat(64)])('keeps its X-Request-Id when that is sane: %s', async (id) => {
    const reply = await ask(server, 'GET', '/health/live', { headers: { 'X-Request-Id': id } })
    expect(reply.headers.get('x-request-id')).toBe(id)
    expect((await requestLine(id))['status']).toBe(200)
  })

  test.each(['', 'x'.repeat(65), 'with space', 'ünï', '"quote"', '${jndi:ldap}', 'a,b'])(
    'gets an X-Request-Id of ours instead of %j',
    async (id) => {
      const reply = await send(
        `GET /health/live HTTP/1.1\r\nHost: x\r\nX-Request-Id: ${id}\r\nConnection: close\r\n\r\n`,
      )
      const given = /^x-request-id: (.*)$/im.exec(reply)?.[1]?.trim() ?? ''
      expect(given).toMatch(/^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
      expect((await requestLine(given))['status']).toBe(200)
    },
  )

  test('gets an X-Request-Id even when it smuggles a line break, and nothing of it is logged', async () => {
    const reply = await send('GET /health/live HTTP/1.1\r\nHost: x\r\nX-Request-Id: smuggled\rcanary\r\n\r\n')
    expect(reply).toMatch(/^HTTP\/1\.1 400 /)
    expect(reply).toMatch(/^x-request-id: [\da-f-]{36}\r$/im)
    expect(server.stdout()).not.toContain('smuggled')
  })
})

const canary = (name: string): string => `canary-${name}-5f1d77`

describe('secrets', () => {
  let ann: Person

  beforeAll(async () => {
    ann = await register(server)
  })

  function expectNoneLogged(): void {
    expect(server.stdout()).toContain('"level"')
    for (const place of [server.stdout(), server.stderr(), readFileSync(join(dataDir, 'postgres.log'), 'utf8')]) {
      expect(place.match(/.{0,200}canary.{0,80}/gi)).toBeNull()
      for (const secret of [ann.password, ann.accessToken, ann.refreshToken, ann.email])
        expect(place).not.toContain(secret)
    }
  }

  const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
  const json = { 'Content-Type': 'application/json' }

  test('in passwords, tokens, notes, broken JSON, queries, paths and headers are not logged at any level', async () => {
    const email = `${canary('mail')}@example.com`
    const password = canary('password')
    expect((await ask(server, 'POST', '/auth/register', { body: { email, password } })).status).toBe(201)
    expect((await ask(server, 'POST', '/auth/register', { body: { email, password } })).status).toBe(409)
    const person = await logIn(server, email, password)
    const requests: [number, string, string, { body?: unknown; headers?: Record<string, string> }][] = [
      [401, 'POST', '/auth/token', { body: `username=${email}&password=${canary('wrong')}`, headers: form }],
      [
        401,
        'POST',
        '/auth/token',
        { body: `grant_type=refresh_token&refresh_token=nrt_${canary('refresh')}`, headers: form },
      ],
      [422, 'POST', '/auth/token', { body: `username=${email}&secret=${canary('field')}`, headers: form }],
      [400, 'POST', '/auth/register', { body: `{"email":"${email}","password":"${canary('json')}"`, headers: json }],
      [400, 'POST', '/auth/register', { body: `{"email": ${canary('json')}}`, headers: json }],
      [401, 'GET', '/users/me', { headers: { Authorization: `Bearer ${canary('bearer')}` } }],
      [401, 'GET', '/users/me', { headers: { Authorization: `Basic ${canary('basic')}` } }],
      [404, 'GET', `/${canary('path')}`, {}],
      [
        200,
        'GET',
        '/health/live',
        { headers: { Cookie: canary('cookie'), Referer: `https://${canary('referer')}.example/` } },
      ],
      [415, 'POST', '/auth/register', { body: canary('body'), headers: { 'Content-Type': `text/${canary('type')}` } }],
    ]
    for (const [status, method, path, options] of requests) {
      const reply = await ask(server, method, path, options)
      expect([method, path, reply.status]).toEqual([method, path, status])
    }
    expect(
      (await person.ask('POST', '/notes', { body: { title: canary('title'), content: canary('content') } })).status,
    ).toBe(201)
    expect((await person.ask('GET', `/notes?${canary('query')}=1`)).status).toBe(422)
    expect((await person.ask('GET', `/notes?cursor=${canary('cursor')}`)).status).toBe(422)
    expect((await person.ask('GET', `/notes/${canary('id')}`)).status).toBe(422)
    expect(await send(`GET /${canary('line')} HTTP/9.9\r\n${canary('header')}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400/)
    expectNoneLogged()
  })

  test.each([
    [
      'refuses the data',
      `alter table notes add constraint refused check (title not like '%refused%')`,
      'alter table notes drop constraint refused',
      '23514',
    ],
    [
      'lacks a column',
      'alter table notes rename column content to gone',
      'alter table notes rename column gone to content',
      '42703',
    ],
  ])(
    'are not logged when the database %s: a 500 reveals nothing and its cause is logged once',
    async (_, breakIt, undo, code) => {
      await admin.query(breakIt)
      const id = `broken-${code}`
      const body = { title: canary('refused'), content: canary('content') }
      const reply = await ann.ask('POST', '/notes', { body, headers: { 'X-Request-Id': id } })
      await admin.query(undo)
      expect([reply.status, reply.body['type']]).toEqual([500, '/problems/internal-error'])
      expect(reply.text).not.toMatch(/canary|notes_|constraint|column|\.ts/)
      await requestLine(id)
      const causes = server.lines().filter(({ request_id, err }) => request_id === id && err !== undefined)
      expect(causes).toEqual([
        expect.objectContaining({ level: 50, operation: 'createNote', err: expect.objectContaining({ code }) }),
      ])
      expectNoneLogged()
    },
  )

  test('are not logged when the connection ends in the middle of a statement', async () => {
    const made = await ann.ask('POST', '/notes', { body: { title: 'a', content: 'b' } })
    await admin.query('begin')
    await admin.query('select from notes where id = $1 for update', [made.body['id']])
    const path = String(made.headers.get('location'))
    const change = ann.ask('PUT', path, { body: { title: canary('cut'), content: canary('cut') } })
    const kill = `select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock'`
    await until('it waits and is ended', async () => (await admin.query(kill)).rows.length > 0)
    expect((await change).status).toBe(503)
    await admin.query('rollback')
    expect((await ann.ask('GET', path)).body).toMatchObject({ title: 'a', content: 'b' })
    expectNoneLogged()
  })

  test('are not logged when PostgreSQL itself is killed in the middle of a statement', async () => {
    const made = await ann.ask('POST', '/notes', { body: { title: 'a', content: 'b' } })
    await admin.query('begin')
    await admin.query('select from notes where id = $1 for update', [made.body['id']])
    const change = ann.ask('PUT', String(made.headers.get('location')), { body: { title: canary('crash') } })
    const waiting = `select pid from pg_stat_activity where wait_event_type = 'Lock'`
    await until('it waits', async () => (await admin.query(waiting)).rows.length > 0)
    for (const { pid } of (await admin.query<{ pid: number }>(waiting)).rows) process.kill(pid, 'SIGKILL')
    expect((await change).status).toBe(503)
    // Until PostgreSQL has noticed, its other processes still reply.
    await until('it is noticed', () =>
      readFileSync(join(dataDir, 'postgres.log'), 'utf8').includes('terminated by signal 9'),
    )
    await until('it serves again', () => repliesWith(`${server.url}/health`, 200))
    expectNoneLogged()
  })
})

/** `fetch` is too slow for thousands of requests. */
function getLiveness(port: number, agent: Agent, requestId: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'X-Request-Id': requestId }
    get({ port, host: '127.0.0.1', path: '/health/live', agent, headers }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode))
    }).once('error', reject)
  })
}

const dataDirOf = (name: string): string => join(temporaryDirectory(), name)

describe('the log itself', () => {
  test('is JSON unless standard output is a terminal', () => {
    expect(server.lines().length).toBeGreaterThan(10)
    for (const line of server.lines())
      expect(line).toMatchObject({ level: expect.any(Number), time: expect.any(Number) })
  })

  test('is readable text when LOG_FORMAT says so', async () => {
    const nowhere = databaseEnv({ user: 'notes', database: 'notes', port: await freePort() })
    const readable = await spawnServer({ ...nowhere, LOG_FORMAT: 'pretty' })
    await until('it is logged', () => readable.stdout().includes('waiting for it'))
    expect(readable.stdout()).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] .*WARN.*: the database is not reachable yet /m)
    expect(await readable.end('SIGTERM')).toBe(0)
  })

  test.each(['json', 'pretty'])(
    'may have a reader that stands still: requests go on, and a %s line says how many lines are missing',
    async (format) => {
      const stalled = await serve({ DATA_DIR: dataDirOf(format), LOG_LEVEL: 'info', LOG_FORMAT: format })
      await until('all is read', () => stalled.stdout().includes('is ready'))
      stalled.child.stdout?.pause()
      // Together their lines are more than the pipe and the bound of the server hold.
      const requests = format === 'json' ? 8_000 : 16_000
      const agent = new Agent({ keepAlive: true, maxSockets: 8 })
      let sent = 0
      const hand = async (): Promise<void> => {
        while (sent < requests) {
          sent += 1
          expect(await getLiveness(stalled.port, agent, `stalled-${sent}-`.padEnd(64, 'x'))).toBe(200)
        }
      }
      await Promise.all(Array.from({ length: 8 }, hand))
      agent.destroy()
      const before = stalled.stdout().length
      stalled.child.stdout?.resume()
      await until('the gap is told', () => stalled.stdout().includes('dropped here'))
      expect(before).toBeLessThan(100_000)
      await ask(stalled, 'GET', '/health/live', { headers: { 'X-Request-Id': 'after-the-gap' } })
      await until('the log goes on', () => stalled.stdout().includes('after-the-gap'))
      const numbers = [...stalled.stdout().matchAll(/stalled-(\d+)-/g)].map(([, number]) => Number(number))
      const dropped = Number(/(\d+) log lines were dropped here/.exec(stalled.stdout())?.[1])
      expect(numbers.length + dropped).toBe(requests)
      expect(dropped).toBeGreaterThan(100)
      expect(numbers.length).toBeGreaterThan(3_000)
      const [gap, last] = [stalled.stdout().indexOf('dropped here'), stalled.stdout().lastIndexOf('stalled-')]
      expect(gap).toBeGreaterThan(last)
      expect(await stalled.end('SIGTERM')).toBe(0)
    },
    60_000,
  )

  test('does not keep a server from ending when its reader stands still', async () => {
    const stalled = await serve({ DATA_DIR: dataDirOf('end'), LOG_LEVEL: 'trace' })
    stalled.child.stdout?.pause()
    const agent = new Agent({ keepAlive: true, maxSockets: 4 })
    for (let sent = 0; sent < 1_500; sent += 1) await getLiveness(stalled.port, agent, 'x'.repeat(64))
    agent.destroy()
    const exit = new Promise((resolve) => stalled.child.once('exit', resolve))
    stalled.child.kill('SIGTERM')
    expect(await within('it ends', exit, 5_000)).toBe(0)
    stalled.child.stdout?.resume()
    await stalled.exit
  })

  test('has one readable line for each request, and the path of an unknown address without its query', async () => {
    const readable = await spawnServer({ DATA_DIR: temporaryDirectory(), LOG_FORMAT: 'pretty', LOG_LEVEL: 'trace' })
    await readable.serving()
    const key = `nak_${'k'.repeat(40)}`
    const requests: [name: string, method: string, target: string, line: RegExp][] = [
      ['page', 'GET', '/problems/not-found', /GET \/problems\/\{slug\} 200 [\d.]+ ms \(line-page\)$/],
      [
        'matched',
        'GET',
        '/notes/secret-id?secret-query',
        /GET \/notes\/\{note_id\} 401 \S+ ms \(getNote line-matched\)$/,
      ],
      ['method', 'PUT', '/notes/secret-id', /PUT \/notes\/\{note_id\} 401 /],
      ['verb', 'POST', '/notes/secret-id', /POST \/notes\/\{note_id\} 405 \S+ ms \(line-verb\)$/],
      ['unknown', 'GET', '/nots?secret-query', /GET \/nots 404 \S+ ms \(line-unknown\)$/],
      ['absolute', 'GET', 'http://x/nots?secret-query', /GET \/nots 404 /],
      ['user', 'GET', 'http://secret-user:secret-word@x/nots?secret-query', /GET \* 400 /],
      ['key', 'GET', `/nots/${key}/x`, /GET \/nots\/nak_…\/x 404 /],
      ['percent', 'GET', '/%1B%5B31m%0A', /GET \/%1B%5B31m%0A 404 /],
      ['long', 'GET', `/${'x'.repeat(5_000)}`, /GET \/x{99}… 404 /],
    ]
    for (const [name, method, target] of requests) {
      const head = `${method} ${target} HTTP/1.1\r\nHost: x\r\nX-Request-Id: line-${name}\r\nConnection: close\r\n\r\n`
      await sendTo(readable.port, head)
    }
    expect(await readable.end('SIGTERM')).toBe(0)
    const lines = readable.stdout().split('\n')
    for (const [name, , , line] of requests) {
      const own = lines.filter((text) => text.includes(`line-${name})`))
      expect([name, own]).toEqual([name, [expect.stringMatching(line)]])
      expect(own[0]).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: /)
    }
    expect(readable.stdout()).not.toMatch(/secret|kkk|[^\n\x20-\x7e…]/)
  })

  test('describes an error with its causes, and leaves out what PostgreSQL quotes of the data', () => {
    const lines: string[] = []
    const log = pino(
      { base: null, serializers: { err: describeError } },
      { write: (line: string) => void lines.push(line) },
    )
    const details = {
      code: '23505',
      constraint: 'users_email_key_unique',
      detail: 'Key (email_key)=(canary@example.com) already exists.',
    }
    const cause = Object.assign(new Error('canary in the message'), details, { parameters: ['canary'] })
    log.error({ err: new Error('outer', { cause }) }, 'failed')
    const [line = ''] = lines
    expect(line).not.toContain('canary')
    expect(JSON.parse(line)).toMatchObject({
      err: {
        message: 'outer',
        cause: { code: '23505', constraint: 'users_email_key_unique', message: 'PostgreSQL refused the data' },
      },
    })
  })
})
