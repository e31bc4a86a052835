import { beforeAll, describe, expect, test } from 'vitest'
import { useFixture, useServer } from '../support/fixtures.ts'
import { enrol, register } from '../support/people.ts'
import { schemaFaults } from './harness/independent-check.ts'

const NOBODYS = '019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2'

const server = useServer()
const ann = useFixture(() => register(server))
let noteId: string

beforeAll(async () => {
  noteId = String((await ann.ask('POST', '/notes', { body: { title: 'A', content: 'B' } })).body['id'])
})

describe('integers in the query', () => {
  test.each(['1', '7', '100'])('limit=%s is an integer', async (text) => {
    expect((await ann.ask('GET', `/notes?limit=${text}`)).status).toBe(200)
  })

  test.each([
    '0x10',
    '1e2',
    '%207%20',
    '7%20',
    '+5',
    '%2B5',
    '05',
    '00',
    '-0',
    '5.0',
    '5.',
    '',
    '1_0',
    '٧',
    'NaN',
    'Infinity',
    'true',
    'null',
    '[]',
  ])('limit=%s is not an integer', async (text) => {
    const refused = await ann.ask('GET', `/notes?limit=${text}`)
    expect(refused.status).toBe(422)
    expect(refused.body['errors']).toEqual([
      { loc: ['query', 'limit'], pointer: '/limit', msg: 'Must be an integer.', type: 'integer_type', example: '20' },
    ])
  })

  test.each(['0', '-1', '101', '2147483648', '9007199254740991', '9007199254740993', '9'.repeat(400)])(
    'limit=%s is out of bounds',
    async (text) => {
      expect((await ann.ask('GET', `/notes?limit=${text}`)).status).toBe(422)
    },
  )
})

describe('booleans in the query', () => {
  beforeAll(async () => {
    await ann.ask('POST', '/notes', { body: { title: 'Pinned', content: 'B', is_pinned: true } })
  })

  test.each([
    ['true', ['Pinned']],
    ['True', ['Pinned']],
    ['TRUE', ['Pinned']],
    ['1', ['Pinned']],
    ['false', ['A']],
    ['False', ['A']],
    ['FALSE', ['A']],
    ['0', ['A']],
  ])('is_pinned=%s is a boolean', async (text, titles) => {
    const { status, list } = await ann.ask('GET', `/notes?is_pinned=${text}`)
    expect([status, list.map(({ title }) => title)]).toEqual([200, titles])
  })

  test.each(['', 'yes', 'on', 't', '2', '-1', '01', '1.0', '%20true', 'true%20', 'null', 'truе', 'ﬀalse'])(
    'is_pinned=%s is not a boolean',
    async (text) => {
      const refused = await ann.ask('GET', `/notes?is_pinned=${encodeURIComponent(decodeURIComponent(text))}`)
      expect(refused.status).toBe(422)
      expect(refused.body['errors']).toMatchObject([{ loc: ['query', 'is_pinned'], type: 'boolean_type' }])
    },
  )
})

describe('names in the query', () => {
  test.each(['limit=1&limit=1', 'limit=1&limit=2', 'limit=1&%6Cimit=1', 'limit&limit=1'])(
    '%s repeats a parameter and is refused',
    async (query) => {
      const refused = await ann.ask('GET', `/notes?${query}`)
      expect(refused.status).toBe(422)
      expect(refused.body['errors']).toEqual([
        { loc: ['query', 'limit'], pointer: '/limit', msg: 'Is given more than once.', type: 'repeated' },
      ])
    },
  )

  test.each(['colour=1', 'Limit=1', 'limit[]=1', 'limit%00', '__proto__=1', 'constructor=1', 'access_token=x', '='])(
    '%s is refused',
    async (query) => {
      expect((await ann.ask('GET', `/notes?${query}`)).status).toBe(query.includes('%00') ? 400 : 422)
    },
  )

  test('an unknown name is reported as a JSON pointer', async () => {
    const refused = await ann.ask('GET', '/notes?a/b~c=1')
    expect(refused.body['errors']).toMatchObject([{ loc: ['query', 'a/b~c'], pointer: '/a~1b~0c' }])
    const twice = await ann.ask('GET', '/notes?a/b~c=1&a/b~c=1')
    expect(twice.body['errors']).toMatchObject([{ loc: ['query', 'a/b~c'], pointer: '/a~1b~0c' }])
  })

  test.each(['%01', '~', '%E6%96%87', '%F0%9F%8D%B0', '%22'])(
    'with many names made of %s, the refusal is still valid and below 8 KiB',
    async (character) => {
      const names = Array.from(
        { length: 25 },
        (_, index) => `${index}${character.repeat(Math.floor(480 / character.length))}`,
      )
      const refused = await ann.ask('GET', `/notes?${names.join('&')}`)
      expect(refused.status).toBe(422)
      expect(schemaFaults('/components/schemas/ValidationProblem', refused.body)).toEqual([])
      expect(refused.body['errors']).toHaveLength(20)
      expect(Buffer.byteLength(refused.text)).toBeLessThan(8_192)
      expect(JSON.stringify(refused.body).isWellFormed() && !refused.text.includes('\\ud')).toBe(true)
    },
  )

  test('an empty query and stray ampersands are not parameters', async () => {
    expect((await ann.ask('GET', '/notes?')).status).toBe(200)
    expect((await ann.ask('GET', '/notes?&&limit=1&')).list).toHaveLength(1)
  })
})

describe('percent-escapes', () => {
  test.each(['%zz', '%', '%E', '%E0', '%E0%A4%A', '%C0%AF', '%ED%A0%80', '%FF', '%00'])(
    '%s is malformed, in the path and in the query',
    async (escape) => {
      for (const path of [
        `/notes/${escape}`,
        `/notes/${noteId}${escape}`,
        `/notes?limit=${escape}`,
        `/notes?${escape}=1`,
        `/notes/${noteId}?${escape}`,
      ]) {
        const refused = await ann.ask('GET', path)
        expect(refused.status, path).toBe(400)
        expect(refused.body['type']).toBe('/problems/malformed-request')
      }
    },
  )
})

describe('ids', () => {
  test('an id in its canonical form is valid, whether it exists or not', async () => {
    expect((await ann.ask('GET', `/notes/${noteId}`)).status).toBe(200)
    expect((await ann.ask('GET', `/notes/${noteId}/`)).status).toBe(200)
    expect((await ann.ask('GET', `/notes/${NOBODYS}`)).status).toBe(404)
  })

  test('an id in upper case is the same id, in a path and in a body', async () => {
    const spelling = noteId.toUpperCase()
    const path = `/notes/${spelling}`
    expect((await ann.ask('GET', path)).body['id']).toBe(noteId)
    expect((await ann.ask('PATCH', path, { body: { title: 'Ä' } })).body['id']).toBe(noteId)
    const actions = [{ note_id: spelling, action: 'pin' }]
    expect((await ann.ask('POST', '/notes/batch', { body: { actions } })).body['results']).toEqual([
      { note_id: noteId, status: 200, version: 3 },
    ])
  })

  test('the address of the next page has the id in lower case', async () => {
    const { headers } = await ann.ask('GET', `/notes/${noteId.toUpperCase()}/revisions?limit=1`)
    expect(headers.get('link')).toContain(`/notes/${noteId}/revisions?limit=1&cursor=`)
  })

  test('an Idempotency-Key knows a request with the id in another case', async () => {
    const headers = { 'Idempotency-Key': 'in-another-case' }
    const body = { edits: [{ op: 'append', text: 'x' }] }
    const first = await ann.ask('POST', `/notes/${noteId}/edits`, { headers, body })
    const again = await ann.ask('POST', `/notes/${noteId.toUpperCase()}/edits`, { headers, body })
    expect(again.status).toBe(200)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect(again.body).toEqual(first.body)
  })

  test("another account's id in upper case answers like an unknown one", async () => {
    const bob = await enrol(server)
    const replies = []
    for (const id of [noteId, NOBODYS]) {
      const [path, headers] = [`/notes/${id.toUpperCase()}`, { 'X-Request-Id': 'same' }]
      const got = await bob.ask('GET', path, { headers })
      const pinned = await bob.ask('POST', '/notes/batch', {
        body: { actions: [{ note_id: id.toUpperCase(), action: 'pin' }] },
      })
      replies.push([got.status, got.text, pinned.status, pinned.text.replace(id, 'id')])
    }
    expect(replies[0]).toEqual(replies[1])
    expect(replies[0]?.[0]).toBe(404)
  })

  test.each([
    ['a URN', (id: string) => `urn:uuid:${id}`],
    ['a URN in upper case', (id: string) => `URN:UUID:${id.toUpperCase()}`],
    ['braces', (id: string) => `%7B${id}%7D`],
    ['a letter that is no hexadecimal digit', (id: string) => id.replace(/.$/, 'G')],
    ['a letter whose lower case is one of ASCII', (id: string) => id.replace(/.$/, '%E2%84%AA')],
    ['no hyphens', (id: string) => id.replaceAll('-', '')],
    ['an encoded slash before it', (id: string) => `%2F${id}`],
    ['an encoded slash behind it', (id: string) => `${id}%2F`],
    ['a way out of the path', (id: string) => `..%2Fnotes%2F${id}`],
    ['a blank', (id: string) => `${id}%20`],
    ['a line end', (id: string) => `${id}%0A`],
    ['a hyphen elsewhere', (id: string) => `${id.slice(0, 7)}-${id.slice(7)}`],
    ['a quote', (id: string) => `${id}'`],
    ['too few letters', (id: string) => id.slice(1)],
  ])('an id with %s is invalid', async (_, spell) => {
    for (const method of ['GET', 'DELETE']) {
      const refused = await ann.ask(method, `/notes/${spell(noteId)}`)
      expect(refused.status).toBe(422)
      expect(refused.body['errors']).toContainEqual(
        expect.objectContaining({ loc: ['path', 'note_id'], type: 'uuid_parsing' }),
      )
    }
    expect((await ann.ask('GET', `/notes/${noteId}`)).status).toBe(200)
  })
})
