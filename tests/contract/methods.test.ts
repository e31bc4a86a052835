import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { useFixture, useServer } from '../support/fixtures.ts'
import { ask, register } from '../support/people.ts'
import { allRows } from './harness/database-rows.ts'
import { operations } from './harness/document-examples.ts'
import { send, wellFormed } from './operations.ts'
import { withHeaders } from './harness/partial-requests.ts'

// Requests that are compared must not be counted.
const server = useServer({ rateLimits: 'off' })
const ann = useFixture(() => register(server))

const ALL = ['get', 'put', 'post', 'delete', 'patch']
const paths = [...new Set(operations.map(({ path }) => path))].map((path) => {
  const methods = operations.filter((operation) => operation.path === path).map(({ method }) => method)
  const allow = [
    ...methods.map((method) => method.toUpperCase()),
    ...(methods.includes('get') ? ['HEAD'] : []),
    'OPTIONS',
  ].toSorted()
  return { path, methods, allow, address: path.replace(/\{[^}]+\}/g, '019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2') }
})

describe.each(paths)('$path', ({ methods, allow, address }) => {
  test('replies 405 with Allow to any other method, also TRACE and unknown ones, and changes nothing', async () => {
    const before = await allRows(server.db)
    const others = [
      ...ALL.filter((method) => !methods.includes(method)).map((method) => method.toUpperCase()),
      'PROPFIND',
    ]
    for (const method of others) {
      const refused = await ann.ask(method, address, method === 'GET' ? {} : { body: { title: 'x', content: 'y' } })
      expect(refused.status, method).toBe(405)
      expect(refused.body).toMatchObject({ type: '/problems/method-not-allowed', status: 405 })
      expect(refused.headers.get('allow')?.split(', ').toSorted()).toEqual(allow)
    }
    expect(await allRows(server.db)).toEqual(before)
  })

  test('replies to OPTIONS with 204, Allow and no body, without a credential', async () => {
    for (const spelling of [address, `${address}/`, `${address}?x=%zz`]) {
      const reply = await ask(server, 'OPTIONS', spelling)
      expect(reply.status).toBe(204)
      expect(reply.text).toBe('')
      expect(reply.headers.get('allow')?.split(', ').toSorted()).toEqual(allow)
    }
  })
})

const readable = operations
  .filter(({ method }) => method === 'get')
  .map((operation) => ({ operation, id: operation.operationId }))

describe.each(readable)('HEAD of $id', ({ operation }) => {
  test('has the status and headers of GET, including its length, and no body', async () => {
    const attempt = withHeaders(await wellFormed(operation, server, ann), { 'X-Request-Id': 'same' })
    for (const authorization of [`Bearer ${ann.accessToken}`, undefined]) {
      const got = await send(server, attempt, authorization)
      const head = await send(server, { ...attempt, method: 'HEAD' }, authorization)
      expect(head.status).toBe(got.status)
      expect(steady(head.headers)).toEqual(steady(got.headers))
      const isStream = got.headers.get('content-type') === 'text/event-stream'
      const length = isStream ? null : String(Buffer.byteLength(got.text))
      expect(head.headers.get('content-length')).toBe(length)
      expect(head.text).toBe('')
    }
  })

  test('sends no byte of a body, so the next reply on the connection can be read', async () => {
    const { path } = await wellFormed(operation, server, ann)
    const head = `HEAD ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${ann.accessToken}\r\n\r\n`
    const got = await exchange(`${head}GET /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    expect(got.match(/HTTP\/1\.1 200 OK\r\n/g)).toHaveLength(2)
    expect(got.match(/\r\n\r\n(HTTP|\{"status":"alive"\}$)/g)).toHaveLength(2)
  })
})

describe('addresses', () => {
  test.each(['/nothing', '/notes/x/y', '/Notes', '//notes', '/notes//', '/n%6Ftes', '/health/', '/notes/?limit=1'])(
    '%s',
    async (path) => {
      const known = ['/health/', '/notes/?limit=1'].includes(path)
      const reply = await ann.ask('GET', path)
      expect(reply.status).toBe(known ? 200 : 404)
      if (!known)
        expect(reply.body).toMatchObject({ type: '/problems/not-found', detail: 'There is nothing at this address.' })
    },
  )

  test.each(['get', 'GeT'])('the method "%s" is not GET: methods are case-sensitive', async (method) => {
    expect(await exchange(`${method} /health/live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)).not.toMatch(
      /^HTTP\/1\.1 2/,
    )
  })
})

/** The headers that depend neither on the time nor on the connection. */
function steady(headers: Headers): readonly (readonly [string, string])[] {
  return [...headers].filter(([name]) => !['date', 'connection', 'keep-alive', 'transfer-encoding'].includes(name))
}

/** Sends bytes over a bare connection and returns all that comes back. */
function exchange(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname, () => socket.write(text))
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', reject)
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
  })
}
