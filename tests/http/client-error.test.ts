import { connect } from 'node:net'
import pino from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { replyHeaders } from '../../src/http/security-headers.ts'
import { listen, type Listener } from '../../src/listener.ts'

let listener: Listener

beforeAll(async () => {
  listener = await listen({ host: '127.0.0.1', port: 0 }, pino({ level: 'silent' }))
  listener.serve((_, response) => response.end('served'))
})
afterAll(() => listener.close())

function exchange(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(listener.url).port), '127.0.0.1', () => socket.write(text))
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
    socket.on('error', reject)
  })
}

test('a well-formed request is served', async () => {
  expect(await exchange('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')).toContain('served')
})

test.each([
  ['no HTTP at all', 'HELLO\r\n\r\n', 400, 'malformed-request'],
  [
    'Content-Length beside Transfer-Encoding',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n',
    400,
    'malformed-request',
  ],
  ['CONNECT', 'CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n', 405, 'method-not-allowed'],
  ['headers of 40 kB', `GET / HTTP/1.1\r\nHost: a\r\nX-Long: ${'a'.repeat(40_000)}\r\n\r\n`, 431, 'headers-too-large'],
])('%s gets a problem as its reply, and the connection ends', async (_, text, status, slug) => {
  const reply = await exchange(text)
  expect(reply).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
  expect(reply).toContain('Content-Type: application/problem+json')
  for (const [name, value] of replyHeaders) expect(reply).toContain(`\r\n${name}: ${value}\r\n`)
  expect(JSON.parse(reply.split('\r\n\r\n')[1] ?? '')).toMatchObject({ type: `/problems/${slug}`, status })
})
