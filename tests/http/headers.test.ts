import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { useServer } from '../support/fixtures.ts'
import { ask, register } from '../support/people.ts'

const PAGE = 'https://notes.example.com'

const server = useServer()
const open = useServer({ corsOrigins: [PAGE] })

test.each([
  ['GET', '/health', 200],
  ['GET', '/notes', 401],
  ['GET', '/nothing-here', 404],
  ['PATCH', '/notes', 405],
  ['GET', '/notes?%zz', 401],
])('%s %s (%i) carries the security headers', async (method, path, status) => {
  const reply = await ask(server, method, path)
  expect(reply.status).toBe(status)
  expect(Object.fromEntries(reply.headers)).toMatchObject({
    'x-content-type-options': 'nosniff',
    'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
    'referrer-policy': 'no-referrer',
    'cache-control': 'private, no-store',
    'x-request-id': expect.any(String),
  })
  expect(reply.headers.has('x-powered-by')).toBe(false)
})

test('two Host headers are refused', async () => {
  const { port } = new URL(server.url)
  const reply = await new Promise<string>((resolve) => {
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.write('GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n')
    })
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
  })
  expect(reply).toMatch(/^HTTP\/1.1 400 /)
  expect(reply).toContain('/problems/malformed-request')
})

test('by default no origin may read a reply', async () => {
  const reply = await ask(server, 'GET', '/health', { headers: { Origin: PAGE } })
  expect([...reply.headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([])
})

test('an origin on the list may call the API and read its headers; another may not', async () => {
  const person = await register(open)
  const allowed = await person.ask('GET', '/notes', { headers: { Origin: PAGE } })
  expect(allowed.headers.get('access-control-allow-origin')).toBe(PAGE)
  expect(allowed.headers.get('access-control-expose-headers')).toContain('ETag')
  expect(allowed.headers.get('vary')).toBe('Origin')
  for (const origin of ['https://notes.example.com.evil.test', 'null', `${PAGE}:8443`]) {
    const refused = await person.ask('GET', '/notes', { headers: { Origin: origin } })
    expect(refused.headers.has('access-control-allow-origin')).toBe(false)
  }
})

test('a preflight of an allowed origin needs no credential', async () => {
  const reply = await ask(open, 'OPTIONS', '/notes', {
    headers: {
      Origin: PAGE,
      'Access-Control-Request-Method': 'POST',
      'Access-Control-Request-Headers': 'authorization,if-match',
    },
  })
  expect(reply.status).toBe(204)
  expect(reply.headers.get('access-control-allow-origin')).toBe(PAGE)
  expect(reply.headers.get('access-control-allow-headers')).toBe('authorization,if-match')
  expect(reply.headers.get('access-control-allow-methods')).toContain('PATCH')
})
