import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { TRAFFIC } from '../traffic/recorder.ts'
import { authorize, executeAsOffered, hasBrowser, openBrowser, watch } from '../docs/console.ts'
import { makeCertificate } from '../support/certificate.ts'
import { useDatabase, useFixture } from '../support/fixtures.ts'
import { inTime } from '../support/in-time.ts'
import { cleanUp, databaseEnv, freePort, serve } from '../support/process.ts'
import { openProxy } from '../support/proxy.ts'
import { type Client, createClient, type Sent } from './https-client.ts'
import { isInstalled, startProxy } from './proxies.ts'
import { snippets } from './snippets.ts'

afterAll(cleanUp)

for (const program of new Set(snippets.map((snippet) => snippet.program))) {
  if (!isInstalled(program))
    process.stderr.write(`skipped: docs/deployment.md with ${program}, which is not installed\n`)
}

test('docs/deployment.md has a configuration of nginx and of Caddy, at the root of a host and below a path', () => {
  expect(snippets.map(({ program, path }) => `${program} ${path}`)).toEqual([
    'nginx ',
    'nginx /notes-app',
    'caddyfile ',
    'caddyfile /notes-app',
  ])
})

const json = (method: string, body: unknown, headers: Sent['headers'] = {}): Sent => ({
  method,
  body: JSON.stringify(body),
  headers: { 'Content-Type': 'application/json', ...headers },
})

interface Stage {
  /** The public address. */
  readonly base: string
  readonly client: Client
  readonly place: Parameters<typeof startProxy>[1]
}

describe.each(snippets.filter(({ program }) => isInstalled(program)))(
  '$program with the path "$path"',
  { timeout: 60_000 },
  (snippet) => {
    const database = useDatabase()
    // PostgreSQL itself listens on a socket only.
    const postgres = useFixture(
      () => openProxy(database.connection),
      (opened) => opened.close(),
    )
    let stage: Stage
    const ends: (() => Promise<unknown>)[] = []

    beforeAll(async () => {
      const paper = makeCertificate()
      const port = await freePort()
      const base = `https://localhost:${port}${snippet.path}`
      // The traffic of the run is judged at the root of a host.
      const settings = { PUBLIC_URL: `${base}/`, TRUSTED_PROXIES: '127.0.0.1', [TRAFFIC]: '' }
      const server = await serve({ ...databaseEnv({ ...database.connection, port: postgres.port }), ...settings })
      const place = { ...paper, port, upstreamPort: server.port }
      const proxy = await startProxy(snippet, place)
      const client = createClient(paper.certificate)
      ends.push(
        () => server.end('SIGKILL'),
        proxy.stop,
        async () => client.close(),
      )
      stage = { base, client, place }
    })
    afterAll(async () => {
      for (const end of ends.toReversed()) await end()
    })

    /** A new account, from its registration to its token, with the address at which it was told to be. */
    async function enrol() {
      const { base, client } = stage
      const account = { email: `${crypto.randomUUID()}@example.com`, password: 'one long walk by the sea' }
      const registered = await client.ask(`${base}/auth/register`, json('POST', account))
      expect(registered.status, registered.text).toBe(201)
      const login = new URLSearchParams({ username: account.email, password: account.password }).toString()
      const form = { 'Content-Type': 'application/x-www-form-urlencoded' }
      const token = await client.ask(`${base}/auth/token`, { method: 'POST', body: login, headers: form })
      const headers = { Authorization: `Bearer ${String(token.body['access_token'])}` }
      return { account, headers, location: String(registered.headers.location) }
    }

    test('every address that a reply names leads on: the account, the note, the next pages, the problem', async () => {
      const { base, client } = stage
      const { headers, location } = await enrol()
      expect((await client.ask(location, { headers })).status).toBe(200)
      for (const title of ['One', 'Two', 'Three']) {
        const made = await client.ask(`${base}/notes`, json('POST', { title }, headers))
        const note = await client.ask(String(made.headers.location), { headers })
        expect([made.status, note.status, note.body['title']]).toEqual([201, 200, title])
      }
      const titles: string[] = []
      let next: string | undefined = `${base}/notes?limit=1`
      while (next !== undefined) {
        const page = await client.ask(next, { headers })
        expect(page.status, page.text).toBe(200)
        titles.push(...(JSON.parse(page.text) as { title: string }[]).map(({ title }) => title))
        next = /^<(.*)>; rel="next"$/.exec(String(page.headers.link))?.[1]
      }
      expect(titles).toEqual(['Three', 'Two', 'One'])
      const refused = await client.ask(`${base}/notes`, json('POST', { title: '' }, headers))
      const explained = await client.ask(String(refused.body['type']))
      expect([refused.status, explained.status]).toEqual([422, 200])
      expect(explained.text).toContain('<h1>Validation failed</h1>')
    })

    test('an ETag arrives as it was sent, to a client that takes gzip too, and is taken back', async () => {
      const { base, client } = stage
      const { headers } = await enrol()
      const made = await client.ask(
        `${base}/notes`,
        json('POST', { title: 'Old', content: 'a'.repeat(9_000) }, headers),
      )
      const address = String(made.headers.location)
      const read = await client.ask(address, { headers })
      expect([made.headers.etag, read.headers.etag]).toEqual(['"1"', '"1"'])
      const tag = String(read.headers.etag)
      expect((await client.ask(address, { headers: { ...headers, 'If-None-Match': tag } })).status).toBe(304)
      const changed = await client.ask(address, json('PUT', { title: 'New' }, { ...headers, 'If-Match': tag }))
      expect([changed.status, changed.headers.etag]).toEqual([200, '"2"'])
      const late = await client.ask(address, json('PUT', { title: 'Late' }, { ...headers, 'If-Match': tag }))
      expect([late.status, late.headers.etag, late.body['detail']]).toEqual([
        412,
        '"2"',
        'The note was changed since you read it.',
      ])
    })

    test('every page, and everything that it names, is below the path', async () => {
      const { base, client } = stage
      for (const path of ['/', '/docs', '/docs/', '/redoc', '/problems', '/problems/', '/problems/not-found']) {
        const page = await client.ask(`${base}${path}`)
        expect([path, page.status]).toEqual([path, 200])
        const named = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) =>
          String(new URL(address, `${base}${path}`)),
        )
        expect(named.length).toBeGreaterThan(5)
        for (const address of new Set(named)) {
          expect(address.startsWith(`${base}/`), address).toBe(true)
          expect([address, (await client.ask(address)).status]).toEqual([address, 200])
        }
      }
    })

    test('the served contract and its samples name the public address', async () => {
      const { base, client } = stage
      for (const name of ['openapi.json', 'openapi.yaml']) {
        const { text } = await client.ask(`${base}/${name}`)
        expect(text).toContain(`curl ${base}/notes`)
        expect(text).not.toContain('localhost:8000')
      }
    })

    test('an event arrives while the stream goes on', async () => {
      const { base, client } = stage
      const { headers } = await enrol()
      const stream = await inTime('the stream begins', client.open(`${base}/changes/stream`, { headers }))
      expect([stream.statusCode, stream.headers['content-type']]).toEqual([200, 'text/event-stream'])
      let text = ''
      stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      const arrives = async (name: string): Promise<void> => {
        while (!text.includes(`event: ${name}\n`)) await inTime(`the event ${name}`, once(stream, 'data'))
      }
      await arrives('ready')
      expect((await client.ask(`${base}/notes`, json('POST', { title: 'New' }, headers))).status).toBe(201)
      await arrives('change')
      stream.destroy()
    })

    test('a body that is too large for the server, and not for the proxy, is refused by the server', async () => {
      const { base, client } = stage
      const large = JSON.stringify({ email: 'a'.repeat(3 * 1024 ** 2), password: 'b' })
      for (let time = 0; time < 10; time += 1) {
        const refused = await client.ask(`${base}/auth/register`, { ...json('POST', {}), body: large })
        expect([refused.status, refused.headers['content-type']]).toEqual([413, 'application/problem+json'])
        expect(refused.body['type']).toBe(`${base}/problems/body-too-large`)
      }
    })

    test('the server sees the address of the client, and believes no forged one', async () => {
      const { base, client } = stage
      const { account, headers } = await enrol()
      const login = new URLSearchParams({ username: account.email, password: account.password }).toString()
      const granted = await client.ask(`${base}/auth/token`, {
        method: 'POST',
        body: login,
        headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Forwarded-For': '203.0.113.7' },
        from: '127.0.0.2',
      })
      expect(granted.status, granted.text).toBe(200)
      const { text } = await client.ask(`${base}/users/me/sessions`, { headers })
      const addresses = (JSON.parse(text) as { address: string }[]).map(({ address }) => address)
      expect(addresses).toContain('127.0.0.2')
      expect(addresses).not.toContain('203.0.113.7')
    })

    test('requests one after the other use the same connection to the server', async () => {
      const { client, place } = stage
      const wire = await openProxy({ host: '127.0.0.1', port: place.upstreamPort })
      const port = await freePort()
      const proxy = await startProxy(snippet, { ...place, port, upstreamPort: wire.port })
      try {
        const base = `https://localhost:${port}${snippet.path}`
        for (let time = 0; time < 20; time += 1) expect((await client.ask(`${base}/health`)).status).toBe(200)
        expect(wire.opened()).toBe(1)
      } finally {
        await proxy.stop()
        await wire.close()
      }
    })

    test('where the proxy compresses all it may, a tag stays strong or its weakness is told', async () => {
      const { client, place } = stage
      const { headers } = await enrol()
      const port = await freePort()
      const proxy = await startProxy(snippet, { ...place, port }, (text) =>
        snippet.program === 'nginx'
          ? text.replace(/ +gzip off;\n/, '')
          : text.replace(/( +)reverse_proxy/, '$1encode gzip\n$1reverse_proxy'),
      )
      try {
        const base = `https://localhost:${port}${snippet.path}`
        const body = { title: 'Old', content: 'a'.repeat(9_000) }
        const made = await client.ask(`${base}/notes`, json('POST', body, headers))
        const address = `${base}/notes/${String(made.body['id'])}`
        const write = (tag: string) =>
          client.ask(address, json('PUT', { title: 'New' }, { ...headers, 'If-Match': tag }))
        const list = await client.ask(`${base}/notes`, { headers })
        expect(list.headers['content-encoding']).toBe('gzip')
        const read = await client.ask(address, { headers })
        expect(read.headers.etag).toBe(snippet.program === 'nginx' ? 'W/"1"' : '"1"')
        const written = await write(String(read.headers.etag))
        if (snippet.program === 'nginx') {
          expect(written.status).toBe(412)
          expect(written.body['type']).toMatch(/\/problems\/weak-etag$/)
          const [, strong = ''] = /Send If-Match: ("\d+"),/.exec(String(written.body['detail'])) ?? []
          expect((await write(strong)).status).toBe(200)
        } else expect(written.status).toBe(200)
      } finally {
        await proxy.stop()
      }
    })

    test.skipIf(!hasBrowser)('in a browser the console works and the reference shows the public address', async () => {
      const { base } = stage
      const { account } = await enrol()
      const browser = await openBrowser()
      try {
        const { page, complaints } = await watch(browser.context, base, '/docs')
        await authorize(page, account)
        expect(await executeAsOffered(page, 'createNote', 1)).toEqual(['createNote', 201])
        expect(await executeAsOffered(page, 'listNotes', 1)).toEqual(['listNotes', 200])
        await page.locator('details.conventions summary').click()
        await page.locator(`.conventions a[href="${base}/problems/not-found"]`).waitFor()
        await page.goto(`${base}/redoc#/notes/createNote`)
        await page.getByText(`'${base}/notes'`).first().waitFor()
        expect(await complaints()).toEqual([])
      } finally {
        await browser.close()
      }
    })
  },
)
