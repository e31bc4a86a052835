import { connect } from 'node:net'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import pino from 'pino'
import { type Listener, listen } from '../../src/listener.ts'
import { usePerson, useServer } from '../support/fixtures.ts'
import { ask, form } from '../support/people.ts'

const PUBLIC_URL = 'https://example.com/a/notes-app'

describe.each([
  ['with a public address, each address in a reply', PUBLIC_URL],
  ['without one, each address in a reply', ''],
] as const)('%s', (_, base) => {
  const server = useServer({ publicUrl: base === '' ? undefined : base, isRecorded: false })
  const ann = usePerson(server)

  test('that was created begins with it', async () => {
    const made = await ann.ask('POST', '/notes', { body: { title: 'a' }, headers: { 'Idempotency-Key': 'once' } })
    expect(made.headers.get('location')).toBe(`${base}/notes/${String(made.body['id'])}`)
    const again = await ann.ask('POST', '/notes', { body: { title: 'a' }, headers: { 'Idempotency-Key': 'once' } })
    expect([again.headers.get('idempotency-replayed'), again.headers.get('location')]).toEqual([
      'true',
      made.headers.get('location'),
    ])
    const account = { email: 'bob@example.com', password: 'one long walk by the sea' }
    const registered = await ask(server, 'POST', '/auth/register', { body: account })
    expect(registered.headers.get('location')).toBe(`${base}/users/me`)
  })

  test('of the next page begins with it, and leads on when the proxy has taken its path off', async () => {
    for (const title of ['b', 'c', 'd']) await ann.ask('POST', '/notes', { body: { title } })
    for (const path of ['/notes', '/notes/', '/notes/summaries', '/changes']) {
      const page = await ann.ask('GET', `${path}?limit=1`)
      const [, next = ''] = /^<(.*)>; rel="next"$/.exec(page.headers.get('link') ?? '') ?? []
      expect(next).toMatch(new RegExp(`^${base}${path.replace(/\/$/, '')}\\?limit=1&cursor=`))
      expect((await ann.ask('GET', next.slice(base.length))).status).toBe(200)
    }
  })

  test.each([
    ['of an unknown path', 'GET', '/nothing', {}, 'not-found'],
    ['of a handler', 'GET', '/notes/019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2', {}, 'not-found'],
    ['of the contract', 'POST', '/notes', { body: {} }, 'validation-failed'],
    ['of a broken escape', 'GET', '/%zz', {}, 'not-found'],
    ['of the token endpoint', 'POST', '/auth/token', form({ grant_type: 'none' }), 'unsupported-grant-type'],
  ] as const)('of a problem %s begins with it', async (_name, method, path, options, slug) => {
    const { body } = await ann.ask(method, path, options)
    expect(body['type']).toBe(`${base}/problems/${slug}`)
    expect(body['instance']).toBe(`${base}/problems/${slug}#${String(body['request_id'])}`)
    const page = await ask(server, 'GET', `/problems/${slug}`)
    expect([page.status, page.text.includes(`&quot;type&quot;: &quot;${base}/problems/${slug}&quot;`)]).toEqual([
      200,
      true,
    ])
  })

  test('of a problem in a batch begins with it', async () => {
    const actions = [{ note_id: '019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2', action: 'pin' }]
    const { body } = await ann.ask('POST', '/notes/batch', { body: { actions } })
    expect(body['results']).toMatchObject([{ problem: { type: `${base}/problems/not-found` } }])
  })

  test('whose path the proxy did not take off says so, and only then', async () => {
    const nothing = 'There is nothing at this address.'
    const leftOn = 'The server expects it without /a/notes-app, which the proxy in front has to take off.'
    for (const path of ['/a/notes-app', '/a/notes-app/notes', '/a/notes-app/docs']) {
      const { status, body } = await ann.ask('GET', path)
      expect([status, body['detail']]).toEqual([404, base === '' ? nothing : `${nothing} ${leftOn}`])
    }
    for (const path of ['/a', '/a/notes-apples', '/nothing']) {
      expect((await ann.ask('GET', path)).body['detail']).toBe(nothing)
    }
  })
})

describe('what is not HTTP', () => {
  let listener: Listener
  beforeAll(async () => {
    const address = { host: '127.0.0.1', port: 0, publicUrl: PUBLIC_URL }
    listener = await listen(address, pino({ level: 'silent' }))
  })
  afterAll(() => listener.close())

  test('is answered with a problem whose type begins with the public address', async () => {
    const socket = connect(Number(new URL(listener.url).port), '127.0.0.1')
    socket.write('nonsense\r\n\r\n')
    const reply = await text(socket)
    expect(reply).toContain(`"type":"${PUBLIC_URL}/problems/malformed-request"`)
  })
})
