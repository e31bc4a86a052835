import type { Operation } from '../../../src/contract/document/operations.ts'
import { isObject, type Json } from '../../../src/contract/document/document.ts'
import type { Attempt } from '../operations.ts'

/** A request that is wrong in one place, as the bytes that are sent. */
export interface Malformed {
  readonly name: string
  readonly bytes: Buffer
}

interface Draft {
  readonly method: string
  readonly version: string
  readonly target: string
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer | undefined
}

const LONG = 'x'.repeat(8_000)

/** In a path, where an id or a number stands. */
const SEGMENTS = [
  '%zz % %00 %ff %ED%A0%80 %C0%AF %2e%2e .. . * ? ;a=b null undefined 0 -1 1e1 0x10 {note_id}'.split(' '),
  '00000000-0000-0000-0000-000000000000 urn:uuid:0190b6a2-0000-7000-8000-000000000000 %F0%9F%98%80'.split(' '),
  ["'or'1'='1", '1'.repeat(400), LONG],
].flat()
/** In a query, where a declared value stands. */
const TEXTS = [
  '%00 %ff %ED%A0%80 %zz 0x10 1e1 -1 0 1.5 9007199254740993 99999999999999999999 null true [] {} %D9%A1'.split(' '),
  ['', '2026-02-30T00:00:00Z', "'", '%25', '%5C', '1,2', 'x'.repeat(3_000)],
].flat()
const HEADER_TEXTS = ['', '"', 'W/"', '*', '"a", "b', 'null', '\u0001', 'é', '-1', '"'.repeat(50), 'x'.repeat(3_000)]
const HEADERS: [name: string, value: string][] = [
  ['Content-Type', 'text/plain'],
  ['Content-Type', 'application/json; charset=utf-16'],
  ['Content-Type', ';;;'],
  ['Content-Type', ''],
  ['Content-Type', 'multipart/form-data; boundary=x'],
  ['Content-Encoding', 'gzip'],
  ['Content-Encoding', 'identity, br'],
  ['Transfer-Encoding', 'chunked'],
  ['Transfer-Encoding', 'gzip, chunked'],
  ['Content-Length', '-1'],
  ['Content-Length', '1e3'],
  ['Content-Length', '99999999999999999999'],
  ['Host', 'other'],
  ['Expect', '200-maybe'],
  ['Upgrade', 'websocket'],
  ['Range', 'bytes=9-1'],
  ['Accept', 'text/html;q=0'],
  ['Accept', ',,,;q=9'],
  ['Accept-Encoding', ';q=x'],
  ['If-Modified-Since', 'yesterday'],
  ['X-Request-Id', '\u0007'],
  ['X-Http-Method-Override', 'DELETE'],
  ['X-Forwarded-For', `${'1.2.3.4, '.repeat(200)}x`],
  ['Forwarded', 'for="[::"'],
  ['traceparent', '00-0-0-0'],
  ['Origin', 'null'],
  ['Cookie', '=;=;='],
  ['Bad Name', 'x'],
  ['X-Long', 'x'.repeat(20_000)],
]
const CREDENTIALS = [
  ['', 'Bearer', 'Bearer \u0000', 'Basic a:b', 'Bearer a.b.c', 'Bearer eyJhbGciOiJub25lIn0.e30.'],
  [`Bearer nak_${LONG}`, 'bearer  x', 'Digest username="x'],
].flat()
const METHODS = ['TRACE', 'PROPFIND', 'get', 'CONNECT', 'X'.repeat(300)]
const VERSIONS = ['HTTP/1.0', 'HTTP/2.0', 'HTTP/9.9', 'HTTX/1.1', '']
/** Where a value of a body stands, as JSON text. */
const VALUES = [
  'null true 0 -1 1.5 1e400 -0 9007199254740993 "" [] {} [null] [[[]]] "0x10" "2026-02-30" NaN .5 01 +1'.split(' '),
  [
    '" "',
    '"\\u0000"',
    '"\\ud800"',
    '"\\u202e"',
    '{"__proto__":{}}',
    '{"$ref":"#"}',
    `"${LONG}"`,
    "'x'",
    '"\\x"',
    '"\n"',
  ],
  `${'['.repeat(200)}${']'.repeat(200)}`,
].flat()
/** In place of a whole JSON body. */
const BODIES = [
  '',
  ' ',
  '{',
  '}',
  '[',
  'null',
  '1',
  '"x"',
  '{}{}',
  '{"a":1,}',
  '{"a":1,"a":2}',
  '{"__proto__":{"a":1}}',
  '{a:1}',
  '\ufeff',
  '\ufeff{',
  '// x',
  '{"a":"\u0000"}',
  `{"a":${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}}`,
  '%7B%7D',
  'a=b&c=d',
]
const BYTES = [Buffer.from([0xff, 0xfe, 0x7b, 0x7d]), Buffer.from('7b2261223a22ff227d', 'hex'), Buffer.alloc(1_000)]

/** What is wrong with each request for an operation: its path, its query, its headers, its credential or its body. */
export function* malformedOf(operation: Operation, attempt: Attempt, authorization: string): Generator<Malformed> {
  const body = attempt.body === undefined ? undefined : Buffer.from(attempt.body)
  const headers = Object.entries({ Authorization: authorization, ...attempt.headers })
  const draft: Draft = { method: attempt.method, version: 'HTTP/1.1', target: attempt.path, headers, body }
  const made = (name: string, change: Partial<Draft>): Malformed => ({ name, bytes: bytesOf({ ...draft, ...change }) })

  for (const method of METHODS) yield made(method, { method })
  for (const version of VERSIONS) yield made(`version ${version}`, { version })
  for (const target of targetsOf(attempt.path)) yield made(target, { target })
  for (const [index, part] of operation.path.split('/').entries())
    if (part.startsWith('{'))
      for (const text of SEGMENTS) yield made(`${part} ${text}`, { target: withPart(attempt.path, index, text) })
  for (const { name } of operation.parameters.filter(({ in: place }) => place === 'query')) {
    for (const text of TEXTS) yield made(`?${name}=${text}`, { target: withQuery(attempt.path, `${name}=${text}`) })
    yield made(`?${name} twice`, { target: withQuery(attempt.path, `${name}=1&${name}=2`) })
    yield made(`?${name}[]`, { target: withQuery(attempt.path, `${name}[]=1`) })
  }
  for (const text of ['unknown=1', '=', '&&&', '%zz', '__proto__=1', LONG])
    yield made(`?${text}`, { target: withQuery(attempt.path, text) })
  for (const { name } of operation.parameters.filter(({ in: place }) => place === 'header'))
    for (const text of HEADER_TEXTS) yield made(`${name}: ${text}`, { headers: withHeader(headers, name, text) })
  for (const [name, value] of HEADERS) yield made(`${name}: ${value}`, { headers: withHeader(headers, name, value) })
  for (const value of CREDENTIALS)
    yield made(`Authorization: ${value}`, { headers: withHeader(headers, 'Authorization', value) })
  yield made('a body where none belongs, or twice', {
    body: Buffer.concat([body ?? Buffer.from('{}'), body ?? Buffer.from('{}')]),
  })
  if (body === undefined || attempt.body === undefined) return
  for (const text of BODIES) yield made(`the body ${text}`, { body: Buffer.from(text) })
  for (const bytes of BYTES) yield made(`the body ${bytes.toString('hex')}`, { body: bytes })
  for (let cut = 1; cut < 8; cut += 1)
    yield made(`a body cut at ${cut}/8`, { body: body.subarray(0, (body.length * cut) / 8) })
  if (!attempt.body.startsWith('{')) return
  for (const path of placesIn(JSON.parse(attempt.body) as Json))
    for (const value of VALUES)
      yield made(`${path.join('.')} ${value}`, { body: Buffer.from(withValue(attempt.body, path, value)) })
}

function bytesOf({ method, version, target, headers, body }: Draft): Buffer {
  const lengths = headers.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name)) || body === undefined
  const all = [...headers, ...(lengths ? [] : [['Content-Length', String(body.length)] as const])]
  const host = headers.some(([name]) => name === 'Host') ? ['Host: first'] : ['Host: 127.0.0.1']
  const lines = [
    `${method} ${target} ${version}`,
    ...host,
    'Connection: close',
    ...all.map(([name, value]) => `${name}: ${value}`),
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`), body ?? Buffer.alloc(0)])
}

/** Other ways to write an address, and some that are none. */
function targetsOf(path: string): string[] {
  const ways = [`/${path}`, `${path}/`, `${path}%2f`, `${path}#a`, `http://x${path}`, `ftp://x${path}`, `${path} x`]
  return [...ways, path.toUpperCase(), path.slice(1), `/.${path}`, `/%2e%2e${path}`, `${path}é`, '*']
}

function withPart(path: string, index: number, text: string): string {
  return path.split('/').with(index, text).join('/')
}

function withQuery(path: string, text: string): string {
  return `${path}${path.includes('?') ? '&' : '?'}${text}`
}

function withHeader(headers: Draft['headers'], name: string, value: string): Draft['headers'] {
  return [...headers.filter(([known]) => known.toLowerCase() !== name.toLowerCase()), [name, value]]
}

type Path = readonly (string | number)[]

/** Where values stand in a body, the first of each list only. */
function placesIn(value: Json): Path[] {
  if (Array.isArray(value))
    return value.length === 0 ? [] : [[0], ...placesIn(value[0] ?? null).map((path) => [0, ...path])]
  if (!isObject(value)) return []
  return Object.entries(value).flatMap(([name, member]) => [[name], ...placesIn(member).map((path) => [name, ...path])])
}

/** The body with another value in one place, as text, because not all of them are JSON. */
function withValue(body: string, path: Path, text: string): string {
  const MARK = '\u0001mark\u0001'
  const root: unknown = JSON.parse(body)
  let at = root as Record<string | number, unknown>
  for (const step of path.slice(0, -1)) at = at[step] as typeof at
  at[path.at(-1) ?? ''] = MARK
  return JSON.stringify(root).replace(JSON.stringify(MARK), () => text)
}
