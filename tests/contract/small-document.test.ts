import { describe, expect, test } from 'vitest'
import { parseDocument } from '../../src/contract/document/document.ts'
import { useFixture } from '../support/fixtures.ts'
import { ask } from '../support/people.ts'
import { everywhere, serveContract } from './harness/served-contract.ts'

/** What the contract does not have (yet): overlapping paths, defaults behind references, numbers in forms, lists. */
const document = parseDocument(`
openapi: 3.1.0
info: { title: Small, version: 1.0.0 }
paths:
  /notes/search:
    get: { operationId: searchNotes, security: [], responses: { '200': { description: Found. } } }
  /notes/{note_id}:
    parameters: [{ name: note_id, in: path, required: true, schema: { $ref: '#/components/schemas/Text' } }]
    get: { operationId: getNote, security: [], responses: { '200': { description: Read. } } }
    delete: { operationId: deleteNote, security: [], responses: { '200': { description: Gone. } } }
  /settings:
    get:
      operationId: getSettings
      security: []
      parameters:
        - { $ref: '#/components/parameters/Size' }
        - { name: numbers, in: query, schema: { $ref: '#/components/schemas/Numbers' } }
        - { name: ratio, in: query, schema: { type: number } }
        - { name: exact, in: query, schema: { type: boolean } }
      responses: { '200': { description: Read. } }
    post:
      operationId: setSettings
      security: []
      requestBody:
        required: true
        content:
          application/json: { schema: { $ref: '#/components/schemas/Settings' } }
          application/x-www-form-urlencoded: { schema: { $ref: '#/components/schemas/Settings' } }
      responses: { '200': { description: Stored. } }
components:
  parameters:
    Size: { name: size, in: query, schema: { $ref: '#/components/schemas/Size' } }
  schemas:
    Text: { type: string, maxLength: 20 }
    Size: { type: integer, minimum: 1, maximum: 100, default: 20 }
    Numbers: { type: array, maxItems: 5, items: { $ref: '#/components/schemas/Number' } }
    Number: { type: integer }
    Settings:
      type: object
      additionalProperties: false
      required: [name]
      properties:
        name: { $ref: '#/components/schemas/Text' }
        size: { $ref: '#/components/schemas/Size' }
        loud: { type: boolean, default: false }
`)

const handlers = everywhere(
  ['searchNotes', 'getNote', 'deleteNote', 'getSettings', 'setSettings'],
  async (request, reply) => reply(200, request),
)
const server = useFixture(
  () => serveContract({ document, handlers, replies: 'off' }),
  (served) => served.stop(),
)

describe('paths', () => {
  test('a static path wins over a template, even for a method that only the template has', async () => {
    expect((await ask(server, 'GET', '/notes/search')).body['path']).toEqual({})
    const refused = await ask(server, 'DELETE', '/notes/search')
    expect(refused.status).toBe(405)
    expect(refused.headers.get('allow')).toBe('GET, HEAD, OPTIONS')
    expect((await ask(server, 'DELETE', '/notes/other')).body['path']).toEqual({ note_id: 'other' })
  })

  test('a parameter is decoded once, and an encoded slash stays in it', async () => {
    expect((await ask(server, 'GET', '/notes/a%2Fb')).body['path']).toEqual({ note_id: 'a/b' })
    expect((await ask(server, 'GET', '/notes/a%252Fb')).body['path']).toEqual({ note_id: 'a%2Fb' })
    expect((await ask(server, 'GET', '/notes/100%25+1')).body['path']).toEqual({ note_id: '100%+1' })
  })
})

describe('query parameters', () => {
  test('a default behind two references is filled in', async () => {
    expect((await ask(server, 'GET', '/settings')).body['query']).toEqual({ size: 20 })
  })

  test('handlers get the types of the contract, in lists too', async () => {
    const { body } = await ask(server, 'GET', '/settings?size=7&numbers=1&numbers=-2&ratio=0.5&exact=true')
    expect(body['query']).toEqual({ size: 7, numbers: [1, -2], ratio: 0.5, exact: true })
    expect((await ask(server, 'GET', '/settings?numbers=1')).body['query']).toEqual({ size: 20, numbers: [1] })
  })

  test.each([
    'size=-0',
    'size=1.0',
    'size=',
    'numbers=1&numbers=x',
    'ratio=.5',
    'ratio=1e3',
    'ratio=Infinity',
    `ratio=${'9'.repeat(400)}`,
    'ratio=NaN',
    'exact=yes',
    'exact=2',
    'exact',
  ])('%s is refused', async (query) => {
    expect((await ask(server, 'GET', `/settings?${query}`)).status).toBe(422)
  })
})

describe('bodies', () => {
  const form = { 'Content-Type': 'application/x-www-form-urlencoded' }

  test('defaults of properties are filled in, behind a reference too, in JSON and in a form', async () => {
    const filled = { name: 'a', size: 20, loud: false }
    expect((await ask(server, 'POST', '/settings', { body: { name: 'a' } })).body['body']).toEqual(filled)
    expect((await ask(server, 'POST', '/settings', { body: 'name=a', headers: form })).body['body']).toEqual(filled)
  })

  test('a form has the types of the contract, behind a reference too; JSON is never coerced', async () => {
    const sent = await ask(server, 'POST', '/settings', { body: 'name=7&size=7&loud=true', headers: form })
    expect(sent.body['body']).toEqual({ name: '7', size: 7, loud: true })
    expect((await ask(server, 'POST', '/settings', { body: 'name=a&size=0x10', headers: form })).status).toBe(422)
    expect((await ask(server, 'POST', '/settings', { body: { name: 'a', size: '7' } })).status).toBe(422)
    expect((await ask(server, 'POST', '/settings', { body: { name: 7 } })).status).toBe(422)
  })

  test.each(['name=a&name=b', 'name=a&__proto__=1', 'name=a&constructor=1'])('the form %s is refused', async (body) => {
    expect((await ask(server, 'POST', '/settings', { body, headers: form })).status).toBe(422)
  })

  test.each(['name=%zz', 'name=%E0', 'name=%00', 'name=%ED%A0%80'])('the form %s is malformed', async (body) => {
    expect((await ask(server, 'POST', '/settings', { body, headers: form })).status).toBe(400)
  })
})
