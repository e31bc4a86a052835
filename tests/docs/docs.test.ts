import { createServer, request, type Server } from 'node:http'
import { readFileSync } from 'node:fs'
import express from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { extractRedoc } from '../../src/generate/redoc.ts'
import { createDocs } from '../../src/docs/docs.ts'
import { SAMPLE_ADDRESS } from '../../src/docs/public-contract.ts'

const document = {
  openapi: '3.1.0',
  info: { title: 'Notes <API>', version: '1.2.3', summary: 'Notes & more.' },
  paths: {},
}
const yaml = '# kept, comment and all\nopenapi: 3.1.0\ninfo: {title: "Notes <API>", version: 1.2.3}\npaths: {}\n'
const problems = [
  { slug: 'not-found', title: 'Not found', status: 404, description: 'Nothing is here.', remedy: 'Check the id.' },
  { slug: 'hostile', title: '<b>T</b>', status: 422, description: '</p><script>x</script>', remedy: `"'&` },
]

const app = express()
app.use((_req, res, next) => {
  res.set('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'")
  next()
})
app.use(createDocs({ yaml, document, problems, addressOf: (path) => path }))
app.use((_req, res) => {
  res.status(404).type('text').send('the app replies')
})

let server: Server
let url: string
beforeAll(async () => {
  server = createServer(app)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  url = `http://127.0.0.1:${address.port}`
})
afterAll(
  () =>
    new Promise((resolve) => {
      server.close(resolve)
    }),
)

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(url + path, { method, headers })

/** Sends the path unchanged; fetch would resolve `..` first. */
const rawStatus = (path: string) =>
  new Promise<number | undefined>((resolve, reject) => {
    request(`${url}/`, { path }, (response) => {
      response.resume()
      resolve(response.statusCode)
    })
      .on('error', reject)
      .end()
  })

const pages = ['/', '/docs', '/redoc', '/problems', '/problems/not-found']
const contracts = [
  ['/openapi.yaml', 'application/yaml'],
  ['/openapi.json', 'application/json'],
] as const
const everything = [...pages, ...contracts.map(([path]) => path)]

/** The addresses in a page, as a browser resolves them. */
const addressesIn = (markup: string, page: string) =>
  [...markup.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => new URL(address, `${url}${page}`).href)
const assetsOf = (markup: string, page: string) =>
  addressesIn(markup, page).flatMap((address) => {
    const path = address.slice(url.length)
    return path.startsWith('/docs/assets/') ? [path] : []
  })

describe.each(everything)('%s', (path) => {
  test('replies 200, then 304 to its entity tag, and to HEAD with the same headers and no body', async () => {
    const first = await get(path)
    const body = await first.text()
    const etag = first.headers.get('etag') ?? ''
    expect(first.status).toBe(200)
    expect(first.headers.get('cache-control')).toBe('no-cache')
    expect(first.headers.get('x-content-type-options')).toBe('nosniff')
    expect(etag).toMatch(/^"[\w-]{22}"$/)
    expect((await get(path, { 'if-none-match': `"other", ${etag}` })).status).toBe(304)
    expect((await get(path, { 'if-none-match': '"other"' })).status).toBe(200)

    const head = await get(path, {}, 'HEAD')
    expect(await head.text()).toBe('')
    for (const name of ['etag', 'content-type', 'content-length', 'content-security-policy']) {
      expect(head.headers.get(name), name).toBe(first.headers.get(name))
    }
    expect(Number(head.headers.get('content-length'))).toBe(Buffer.byteLength(body))
  })

  test('leaves every other method to the app', async () => {
    for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
      const reply = await get(path, {}, method)
      expect([method, reply.status, await reply.text()]).toEqual([method, 404, 'the app replies'])
    }
  })
})

test.each(pages)('the page %s allows no inline script, no framing and nothing from outside', async (path) => {
  const reply = await get(path)
  const markup = await reply.text()
  const policy = reply.headers.get('content-security-policy') ?? ''
  expect(reply.headers.get('content-type')).toBe('text/html; charset=utf-8')
  for (const directive of ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"]) {
    expect(policy.split('; ')).toContain(directive)
  }
  expect(policy).not.toMatch(/unsafe-eval|https?:|\*|script-src[^;]*unsafe|worker-src/)
  expect(policy.includes("'unsafe-inline'")).toBe(path === '/redoc')
  expect(markup).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\sstyle=|\son\w+=|https?:/)
  expect(markup).toMatch(/^<!DOCTYPE html>\n<html lang="en">/)
  expect(markup).toMatch(/<title>[^<]+<\/title>\n<meta name="viewport"/)
})

test.each(contracts)('%s is the contract, readable from any origin', async (path, type) => {
  const reply = await get(path)
  expect(reply.headers.get('content-type')).toBe(`${type}; charset=utf-8`)
  expect(reply.headers.get('access-control-allow-origin')).toBe('*')
  expect(reply.headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors 'none'")
  const text = await reply.text()
  if (path === '/openapi.yaml') expect(text).toBe(yaml)
  else expect(JSON.parse(text)).toEqual(document)
})

test.each([...pages, '/docs/', '/redoc/', '/problems/', '/problems/not-found/'])(
  '%s leads to pages and assets that exist, whatever path a proxy takes off',
  async (path) => {
    const markup = await (await get(path)).text()
    expect(markup).not.toMatch(/(?:src|href)="\//)
    const below = [...markup.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, address = '']) => {
      const { pathname } = new URL(address, `https://example.com/a/notes-app${path}`)
      expect(pathname).toMatch(/^\/a\/notes-app\//)
      return pathname.slice('/a/notes-app'.length)
    })
    expect(below.length).toBeGreaterThan(5)
    for (const address of new Set(below)) {
      if (address !== '/health') expect([address, (await get(address)).status]).toEqual([address, 200])
    }
  },
)

test("the landing page shows the contract's title, description and version, escaped", async () => {
  const markup = await (await get('/')).text()
  expect(markup).toContain('<h1>Notes &lt;API&gt;</h1>')
  expect(markup).toContain('Notes &amp; more.')
  expect(markup).toContain('Version 1.2.3')
})

test('a problem page shows title, status, meaning, remedy and an example', async () => {
  const markup = await (await get('/problems/not-found')).text()
  for (const text of ['<h1>Not found</h1>', 'HTTP status 404', 'Nothing is here.', 'Check the id.']) {
    expect(markup).toContain(text)
  }
  expect(markup).toContain('&quot;type&quot;: &quot;/problems/not-found&quot;')
  expect(await (await get('/problems')).text()).toContain('href="./problems/not-found"')
})

test('text in a problem is escaped, never markup', async () => {
  const markup = await (await get('/problems/hostile')).text()
  expect(markup).not.toMatch(/<b>|<script/)
  expect(markup).toContain('<h1>&lt;b&gt;T&lt;/b&gt;</h1>')
  expect(markup).toContain('<p>&quot;&#39;&amp;</p>')
})

test.each([
  '/problems/unknown',
  '/problems/__proto__',
  '/problems/constructor',
  '/DOCS',
  '/docs/assets',
  '/docs/assets/',
])('%s is left to the app', async (path) => {
  const reply = await get(path)
  expect([reply.status, await reply.text()]).toEqual([404, 'the app replies'])
})

test('each asset has its type, may be cached forever, and is the same compressed and plain', async () => {
  const shown = await Promise.all(pages.map(async (path) => assetsOf(await (await get(path)).text(), path)))
  const addresses = new Set(shown.flat())
  for (const address of shown.flat()) {
    for (const imported of ['redoc.js', 'contract.js']) addresses.add(address.replace(/[^/]+$/, imported))
  }
  expect(addresses.size).toBe(9)
  for (const address of addresses) {
    const plain = await get(address, { 'accept-encoding': 'identity' })
    const squeezed = await get(address, { 'accept-encoding': 'gzip' })
    expect([plain.status, squeezed.status], address).toEqual([200, 200])
    expect(plain.headers.get('content-type')).toMatch(/^(text\/css|text\/javascript|image\/svg\+xml); charset=utf-8$/)
    expect(plain.headers.get('x-content-type-options')).toBe('nosniff')
    expect(plain.headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(plain.headers.get('vary')).toBe('Accept-Encoding')
    expect([plain.headers.get('content-encoding'), squeezed.headers.get('content-encoding')]).toEqual([null, 'gzip'])
    expect(squeezed.headers.get('etag')).not.toBe(plain.headers.get('etag'))
    expect(Buffer.compare(await plain.bytes(), await squeezed.bytes())).toBe(0)
    const again = { 'accept-encoding': 'gzip', 'if-none-match': squeezed.headers.get('etag') ?? '' }
    expect((await get(address, again)).status).toBe(304)
  }
})

test('no path leaves the list of assets', async () => {
  const [first = ''] = assetsOf(await (await get('/docs')).text(), '/docs')
  const folder = first.replace(/[^/]+$/, '')
  expect(await rawStatus(first)).toBe(200)
  const escapes = [
    '../docs.ts',
    '%2e%2e%2fdocs.ts',
    '..%5cdocs.ts',
    '../../../../package.json',
    '%2e%2e/page.ts',
    '__proto__',
    'constructor',
    'swagger-ui-bundle.js.map',
    '.env',
    '%00',
    '',
  ]
  for (const escape of escapes) expect([escape, await rawStatus(folder + escape)]).toEqual([escape, 404])
  expect(await rawStatus(first.replace(/assets\/\w+/, 'assets/0000000000000000'))).toBe(404)
})

test('our own files name no outside host', () => {
  for (const name of ['console.js', 'console.css', 'contract.js', 'reference.js', 'pages.css']) {
    const text = readFileSync(new URL(`../../src/docs/browser/${name}`, import.meta.url), 'utf8')
    expect(text.replaceAll(SAMPLE_ADDRESS, ''), name).not.toMatch(/https?:|\/\/\w+\./)
  }
})

test('the committed Redoc names no outside host that it would contact, and an unknown Redoc stops the build', () => {
  const redoc = readFileSync(new URL('../../generated/redoc/redoc.js', import.meta.url), 'utf8')
  expect(redoc).not.toMatch(/https?:\/\/(?:cdn|otel)\./)
  expect(redoc).not.toMatch(/_factory\?\?=Function/)
  expect(() => extractRedoc('<script>other</script>')).toThrow(/unknown shape/)
  const changed = '<script type="module">\n/** */ ;export{RedocStandalone,hydrate,init};'
  expect(() => extractRedoc(changed)).toThrow(/0 places, not 1/)
})
