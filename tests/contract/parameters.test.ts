import { beforeAll, describe, expect, test } from 'vitest'
import { useFixture, useServer } from '../support/fixtures.ts'
import { register } from '../support/people.ts'
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

  test.each([
    ['upper case', (id: string) => id.toUpperCase()],
    ['a URN', (id: string) => `urn:uuid:${id}`],
    ['braces', (id: string) => `%7B${id}%7D`],
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
