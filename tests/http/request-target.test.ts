import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { useFixture, useServer } from '../support/fixtures.ts'
import { enrol } from '../support/people.ts'

const server = useServer()
const ann = useFixture(() => enrol(server))

/** The first line, the headers and the body of what the server answers to a request with this line. */
function answerTo(line: string, headers: readonly string[] = []): Promise<string> {
  return exchange([`${line} HTTP/1.1`, 'Host: example.org', 'Connection: close', ...headers])
}

function exchange(head: readonly string[], body = ''): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname, () => socket.write(`${head.join('\r\n')}\r\n\r\n${body}`))
    const chunks: Buffer[] = []
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()))
    socket.on('error', reject)
  })
}

const statusIn = (answer: string): number => Number(answer.split(' ')[1])

describe('a target in absolute form', () => {
  test.each([
    'http://example.org/health/live',
    'HTTP://EXAMPLE.ORG/health/live',
    'https://example.org/health/live',
    'http://example.org:8000/health/live',
    'http://example.org:/health/live',
    'http://127.0.0.1:8000/health/live',
    'http://[::1]:8000/health/live',
    'http://another.example/health/live',
    'http://example.org/health/live/',
    'http://example.org',
    'http://example.org/openapi.yaml',
  ])('%s is the same as its path', async (target) => {
    expect(statusIn(await answerTo(`GET ${target}`))).toBe(200)
  })

  test('keeps its query', async () => {
    const authorization = `Authorization: Bearer ${ann.accessToken}`
    expect(statusIn(await answerTo('GET http://a/notes?limit=1', [authorization]))).toBe(200)
    expect(await answerTo('GET http://a/notes?limit=x', [authorization])).toMatch(/^HTTP\/1\.1 422 [^]*"limit"/)
    expect(await answerTo('GET http://a?x=1', [authorization])).toMatch(/^HTTP\/1\.1 200 /)
  })

  test('needs a credential like its path, and finds nothing else', async () => {
    expect(statusIn(await answerTo('GET http://a/notes'))).toBe(401)
    expect(statusIn(await answerTo('GET http://a//health'))).toBe(404)
    expect(statusIn(await answerTo('GET http://a/http://a/health'))).toBe(404)
  })

  test.each([
    'http:///health',
    'http://user@example.org/health',
    'http://user:password@example.org/health',
    'http://example.org:port/health',
    'http://example.org:99999/health',
    'http://[::1/health',
    'http://[::g]/health',
    'http://a%zz/health',
    'ftp://example.org/health',
    'notes://example.org/health',
  ])('%s is malformed', async (target) => {
    const answer = await answerTo(`GET ${target}`)
    expect(statusIn(answer)).toBe(400)
    expect(answer).toContain('Content-Type: application/problem+json')
    expect(answer).not.toContain('password')
  })
})

describe('the target *', () => {
  test.each(['*', 'http://example.org'])('OPTIONS %s names the methods of the server', async (target) => {
    const answer = await answerTo(`OPTIONS ${target}`)
    expect(answer).toMatch(/^HTTP\/1\.1 204 /)
    expect(answer).toContain('Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\n')
    expect(answer).toContain('X-Request-Id: ')
  })

  test('OPTIONS of an address names its own methods', async () => {
    expect(await answerTo('OPTIONS http://example.org/tags')).toContain('Allow: GET, HEAD, OPTIONS\r\n')
  })

  test.each(['GET', 'HEAD', 'POST', 'DELETE'])('%s * is malformed', async (method) => {
    expect(statusIn(await answerTo(`${method} *`))).toBe(400)
  })
})

test.each(['health', './health', 'GET', 'example.org:80', 'urn:x'])('%s is no target', async (target) => {
  expect(statusIn(await answerTo(`GET ${target}`))).toBe(400)
})

describe('a request', () => {
  const GET = 'GET /health/live HTTP/1.1'
  test.each([
    ['without Host', [GET, 'Connection: close'], 'must have a'],
    ['with two Hosts', [GET, 'Host: a', 'Host: b', 'Connection: close'], 'has more than one'],
    ['with the same Host twice', [GET, 'Host: a', 'Host: a', 'Connection: close'], 'has more than one'],
  ])('%s is malformed (RFC 9112 §3.2), and the reply is a problem', async (_, head, fault) => {
    const answer = await exchange(head)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain(`"The request ${fault} Host header."`)
    expect(answer).toMatch(/^Content-Type: application\/problem\+json/im)
  })

  test.each([
    ['of HTTP/1.0 needs no Host', ['GET /health/live HTTP/1.0']],
    ['may expect what nobody knows', [GET, 'Host: a', 'Connection: close', 'Expect: 200-maybe']],
    ['may offer another protocol', [GET, 'Host: a', 'Connection: close, Upgrade', 'Upgrade: h2c']],
  ])('%s', async (_, head) => {
    expect(statusIn(await exchange(head))).toBe(200)
  })

  test.each(['gzip, chunked', 'GZIP, chunked'])('with Transfer-Encoding: %s has a compressed body', async (coding) => {
    const credential = `Authorization: Bearer ${ann.accessToken}`
    const head = ['POST /notes HTTP/1.1', 'Host: a', 'Connection: close', credential, 'Content-Type: application/json']
    const body = 'd\r\n{"title":"a"}\r\n0\r\n\r\n'
    expect(statusIn(await exchange([...head, `Transfer-Encoding: ${coding}`], body))).toBe(415)
    expect(statusIn(await exchange([...head, 'Transfer-Encoding: Chunked'], body))).toBe(201)
  })
})
