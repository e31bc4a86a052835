import { describe, expect, test } from 'vitest'
import { parseJson } from '../../src/contract/request/json-body.ts'
import type { Problem } from '../../src/http/problem.ts'
import { useFixture, useServer } from '../support/fixtures.ts'
import { register } from '../support/people.ts'
import { allRows } from './harness/database-rows.ts'
import { operations } from './harness/document-examples.ts'
import { callerFor, send, wellFormed } from './operations.ts'
import { withHeaders } from './harness/partial-requests.ts'

const server = useServer()
const ann = useFixture(() => register(server))

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
const list = (count: number, item: string): string => `[${Array.from({ length: count }, () => item).join(',')}]`

const malformed: readonly (readonly [title: string, body: string | Buffer])[] = [
  ['no JSON', '{"title":'],
  ['a comma too many', '{"title":"a","content":"b",}'],
  ['two values', '{}{}'],
  ['JavaScript', "{title:'a'}"],
  ['two byte order marks', '\uFEFF\uFEFF{"title":"a","content":"b"}'],
  ['a byte order mark behind it', '{"title":"a","content":"b"}\uFEFF'],
  ['a byte order mark alone', '\uFEFF'],
  ['the byte order mark of UTF-16', Buffer.from('\uFEFF{}', 'utf16le')],
  ['half a byte order mark', Buffer.from([0xef, 0xbb, 0x7b, 0x7d])],
  ['a key twice', '{"title":"a","content":"b","title":"c"}'],
  ['a key twice, once escaped', '{"title":"a","content":"b","t\\u0069tle":"c"}'],
  ['a key twice deep inside', '{"title":"a","content":"b","x":[{"a":1,"b":{},"\\u0061":2}]}'],
  ['33 levels', nested(33)],
  ['a million levels', nested(1_000_000)],
  ['10 001 values', list(10_000, '1')],
  ['U+0000 in a text', '{"title":"a\\u0000","content":"b"}'],
  ['U+0000 in a key', '{"title":"a","content":"b","\\u0000":1}'],
  ['half a surrogate pair', '{"title":"\\ud83c","content":"b"}'],
  ['a surrogate pair the wrong way round', '{"title":"\\udf70\\ud83c","content":"b"}'],
  ['half a surrogate pair in a key', '{"title":"a","content":"b","\\udf70":1}'],
  ['__proto__', '{"title":"a","content":"b","__proto__":{"is_public":true}}'],
  ['__proto__ escaped', '{"title":"a","content":"b","\\u005f_proto__":{}}'],
  ['invalid UTF-8', Buffer.from('{"title":"\u00e9","content":"b"}', 'latin1')],
  ['an overlong encoding', Buffer.from([0x22, 0xc0, 0xaf, 0x22])],
  ['an encoded surrogate', Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])],
  ['UTF-16', Buffer.from('{"title":"a","content":"b"}', 'utf16le')],
]

describe('a body', () => {
  test.each(malformed)('with %s is malformed, and nothing is stored', async (_, body) => {
    const before = await allRows(server.db)
    const response = await fetch(`${server.url}/notes`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${ann.accessToken}` },
      body: typeof body === 'string' ? body : new Uint8Array(body),
    })
    expect(response.status).toBe(400)
    expect(await response.json()).toMatchObject({ type: '/problems/malformed-request', status: 400 })
    expect(await allRows(server.db)).toEqual(before)
  })

  test.each([
    '"{\\"title\\":\\"a\\",\\"content\\":\\"b\\"}"',
    '"text"',
    '[]',
    'null',
    '7',
    'true',
    '{}',
    '{"content":"a"}',
  ])('%s is JSON, but not a note', async (body) => {
    const before = await allRows(server.db)
    const refused = await ann.ask('POST', '/notes', { body, headers: { 'Content-Type': 'application/json' } })
    expect(refused.status).toBe(422)
    expect(await allRows(server.db)).toEqual(before)
  })

  test.each([
    ['{"title":"a","content":"b","owner_id":"x"}', '/owner_id', 'extra_forbidden'],
    ['{"title":"a","content":"b","constructor":{}}', '/constructor', 'extra_forbidden'],
    ['{"title":null,"content":"b"}', '/title', 'string_type'],
    ['{"title":7,"content":"b"}', '/title', 'string_type'],
    ['{"title":"","content":"b"}', '/title', 'string_too_short'],
    ['{"title":" ","content":"b"}', '/title', 'string_pattern_mismatch'],
    ['{"title":"a\\nb","content":"b"}', '/title', 'string_pattern_mismatch'],
    ['{"title":"a\\u0007b","content":"b"}', '/title', 'string_pattern_mismatch'],
    ['{"title":"a\\u0085b","content":"b"}', '/title', 'string_pattern_mismatch'],
    ['{"title":"a\\u2028b","content":"b"}', '/title', 'string_pattern_mismatch'],
    ['{"title":"a","tags":["a\\u0085b"]}', '/tags/0', 'string_pattern_mismatch'],
    ['{"title":"a","content":null}', '/content', 'string_type'],
    ['{"title":"a","content":"b","is_public":"true"}', '/is_public', 'boolean_type'],
    ['{"title":"a","content":"b","is_public":1}', '/is_public', 'boolean_type'],
  ])('%s is refused at %s', async (body, pointer, type) => {
    const refused = await ann.ask('POST', '/notes', { body, headers: { 'Content-Type': 'application/json' } })
    expect(refused.status).toBe(422)
    expect(refused.body['errors']).toContainEqual(expect.objectContaining({ pointer, type }))
  })

  test('gets all its field errors at once', async () => {
    const refused = await ann.ask('POST', '/notes', { body: { content: 7, is_public: 'no', colour: 1 } })
    const pointers = (refused.body['errors'] as { pointer: string }[]).map(({ pointer }) => pointer)
    expect(pointers.toSorted()).toEqual(['/colour', '/content', '/is_public', '/title'])
  })

  test.each([
    [{ note_id: 'x', action: 'archive' }, ['/actions/0/note_id uuid_parsing']],
    [{ action: 'archive', version: 0 }, ['/actions/0/note_id missing', '/actions/0/version greater_than_equal']],
    [{ action: 'add_tags', tags: [''] }, ['/actions/0/note_id missing', '/actions/0/tags/0 string_too_short']],
  ])('gets the field errors of the kind of action that it names: %j', async (action, errors) => {
    const refused = await ann.ask('POST', '/notes/batch', { body: { actions: [action] } })
    const reported = (refused.body['errors'] as { pointer: string; type: string }[]).map(
      ({ pointer, type }) => `${pointer} ${type}`,
    )
    expect(reported.toSorted()).toEqual(errors)
  })

  test('is told every kind of edit and of action when it names none', async () => {
    const wrong = [{ op: 'insert', text: 'x' }]
    const edit = await ann.ask('POST', '/notes/019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2/edits', { body: { edits: wrong } })
    const ops = ['append', 'prepend', 'insert_under', 'replace_section', 'replace_text', 'toggle_task']
    expect(allowedAt(edit.body, '/edits/0/op')).toEqual(ops.toSorted())
    const actions = [{ note_id: '019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2', action: 'delete' }]
    const batch = await ann.ask('POST', '/notes/batch', { body: { actions } })
    const flags = ['publish', 'unpublish', 'pin', 'unpin', 'archive', 'unarchive']
    expect(allowedAt(batch.body, '/actions/0/action')).toEqual(
      [...flags, 'add_tags', 'remove_tags', 'trash', 'restore'].toSorted(),
    )
  })

  test('must match the formats of the contract', async () => {
    for (const email of ['nobody', 'a@', '@b', 'a b@c.de', 'a@b@c']) {
      const refused = await ann.ask('POST', '/auth/register', { body: { email, password: 'securepass123' } })
      expect(refused.body['errors']).toContainEqual(
        expect.objectContaining({ pointer: '/email', type: 'email_parsing' }),
      )
    }
  })
})

function allowedAt(body: Readonly<Record<string, unknown>>, pointer: string): readonly string[] | undefined {
  const errors = body['errors'] as readonly { pointer: string; allowed?: readonly string[] }[]
  return errors.find((error) => error.pointer === pointer)?.allowed?.toSorted()
}

const MARK = '\uFEFF'

describe('a byte order mark before a body', () => {
  test('is passed over, and is no part of a text', async () => {
    const made = await ann.ask('POST', '/notes', {
      body: `${MARK}{"title":"${MARK}a","content":"b"}`,
      headers: { 'Content-Type': 'application/json' },
    })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({ title: `${MARK}a`, content: 'b' })
  })

  test('does not count as a value or a level', () => {
    for (const text of [list(9_999, '1'), nested(32), '7']) expect(parse(`${MARK}${text}`)).toEqual(JSON.parse(text))
  })

  test('makes no other request of a repeated one', async () => {
    const headers = { 'Content-Type': 'application/json', 'Idempotency-Key': 'marked' }
    const body = '{"title":"a","content":"b"}'
    const first = await ann.ask('POST', '/notes', { body, headers })
    const again = await ann.ask('POST', '/notes', { body: `${MARK}${body}`, headers })
    expect(again.status).toBe(201)
    expect(again.body).toEqual(first.body)
  })
})

const parse = (text: string): unknown => parseJson(Buffer.from(text))

describe('the limits of JSON', () => {
  test.each([
    ['32 levels', nested(32)],
    ['10 000 values in a list', list(9_999, '1')],
    ['10 000 values, most of them empty objects', list(9_999, ' { } ')],
    ['10 000 values in objects', list(4_999, '{"a":1}').replace(/\]$/, ',1]')],
    ['one key in two objects', '[{"a":1},{"a":{"a":2}}]'],
    ['brackets, commas and quotes in texts', JSON.stringify({ a: '[{",\\"'.repeat(10_000) })],
  ])('%s are accepted', (_, text) => {
    expect(parse(text)).toEqual(JSON.parse(text))
  })

  test.each([list(10_000, '{}'), list(5_000, '[1]'), list(5_000, '{"a":1}')])('one value more is not', (text) => {
    expect(() => parse(text)).toThrow('more than 10000 values')
  })
})

describe.each([
  [2, 50, ['malformed-request']],
  [13, 100, ['malformed-request', 'body-too-large']],
])('a body of %i MiB made to be slow', (mebibytes, milliseconds, refusals) => {
  const fill = (unit: string): string => unit.repeat(Math.floor((mebibytes * 1024 * 1024 - 2) / unit.length))

  test.each([
    ['brackets', fill('[')],
    ['nested objects', fill('{"":')],
    ['empty objects', `[${fill('{},')}]`],
    ['escaped quotes', `"${fill('\\"')}"`],
    ['escaped letters', `"${fill('\\u0061')}"`],
    ['escaped pairs of surrogates', `"${fill('\\ud83d\\ude00')}"`],
    ['short texts of escaped quotes', `[${`"${'\\"'.repeat(500)}",`.repeat(1_300)}1]`],
    ['blanks', `[${fill(' ')}]`],
    ['one long key', `{"${fill('a')}`],
    ['keys', `{${Array.from({ length: 200_000 }, (_, index) => `"${index}":1`).join(',')}}`],
    ['line ends', `[${fill('\n')}`],
    ['one text that does not end', `"${fill('a')}`],
  ])(`of %s is checked within ${milliseconds} ms, or three times what JSON.parse takes here`, (_, text) => {
    const bytes = Buffer.from(text)
    const plain = Buffer.from(`"${fill('\\"')}"`)
    const times = Array.from({ length: 5 }, () => [
      processorTime(() => {
        try {
          parseJson(bytes)
        } catch (error) {
          expect(refusals).toContain((error as Problem).slug)
        }
      }),
      processorTime(() => JSON.parse(plain.toString())),
    ])
    const [checked, parsed] = [0, 1].map((index) => Math.min(...times.map((pair) => pair[index] ?? NaN)))
    // A busy machine slows both, so the limit of a quiet one grows with it.
    expect(checked).toBeLessThan(Math.max(milliseconds, 3 * (parsed ?? NaN)))
  })
})

/** In milliseconds. The processor's time, because what other processes take must not count. */
function processorTime(work: () => void): number {
  const start = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1_000
}

const takers = operations.flatMap((operation) =>
  [...(operation.body?.content.keys() ?? [])].map((type) => ({ operation, type, id: operation.operationId })),
)

// The forms are those of OAuth, which ignore what they do not know (tests/auth/oauth.test.ts).
describe.each(takers.filter(({ operation }) => operation.body?.isOAuth !== true))('$id with $type', (taker) => {
  test('is validated: an unknown field is refused and changes nothing', async () => {
    const { operation, type } = taker
    const attempt = withHeaders(await wellFormed(operation, server, ann), { 'Content-Type': type })
    const before = await allRows(server.db)
    const body = attempt.body?.replace(/\}$/, ',"colour":1}')
    const refused = await send(server, { ...attempt, body }, `Bearer ${ann.accessToken}`)
    expect(refused.status).toBe(422)
    expect(refused.body['errors']).toContainEqual(
      expect.objectContaining({ pointer: '/colour', type: 'extra_forbidden' }),
    )
    expect(await allRows(server.db)).toEqual(before)
  })
})

describe.each(takers)('$id with $type', ({ operation, type }) => {
  test('accepts UTF-8 by each of its names, and no other type, charset or coding', async () => {
    const attempt = await wellFormed(operation, server, ann)
    const statusOf = async (headers: Record<string, string | undefined>): Promise<number> => {
      return (await send(server, withHeaders(attempt, headers), `Bearer ${ann.accessToken}`)).status
    }
    const before = await allRows(server.db)
    for (const other of [
      'text/plain',
      'application/xml',
      'application/jsonx',
      'multipart/form-data',
      '*/*',
      'json',
      `${type}, ${type}`,
      `${type}; charset=latin1`,
      `${type}; charset=utf-16`,
    ]) {
      expect(await statusOf({ 'Content-Type': other }), other).toBe(415)
    }
    for (const coding of ['gzip', 'deflate', 'br', 'identity, gzip', 'x'])
      expect(await statusOf({ 'Content-Encoding': coding }), coding).toBe(415)
    expect(await allRows(server.db)).toEqual(before)
    for (const same of [
      type,
      type.toUpperCase(),
      `${type};charset=UTF-8`,
      `${type}; charset="utf-8"`,
      `${type} ; a=b`,
    ]) {
      const caller = await callerFor(operation, server, ann)
      const own = await wellFormed(operation, server, caller)
      const reply = await send(
        server,
        withHeaders(own, { 'Content-Type': same, 'Content-Encoding': 'identity' }),
        `Bearer ${caller.accessToken}`,
      )
      expect([200, 201, 204], same).toContain(reply.status)
    }
  })

  test('is refused without a body', async () => {
    const attempt = withHeaders(await wellFormed(operation, server, ann), { 'Content-Type': type })
    const refused = await send(server, { ...attempt, body: undefined }, `Bearer ${ann.accessToken}`)
    expect(refused.status).toBe(422)
    expect(refused.body['errors']).toEqual([{ loc: ['body'], pointer: '', msg: 'Is required.', type: 'missing' }])
  })
})
