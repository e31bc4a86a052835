import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { checkPages } from '../../src/audit/pages.ts'
import { useServer } from '../support/fixtures.ts'

const real = useServer()

const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:"
interface File {
  readonly type: string
  readonly text: string
  readonly policy?: string | undefined
}
const page = (text: string, policy?: string): File => ({ type: 'text/html; charset=utf-8', text, policy })
const GOOD = page('<link rel="stylesheet" href="a.css"><script type="module" src="a.js"></script>', POLICY)
const good: Readonly<Record<string, File>> = {
  '/': page('<a href="https://elsewhere.example/">a link loads nothing</a>', POLICY),
  '/docs': GOOD,
  '/redoc': GOOD,
  '/problems': GOOD,
  '/a.css': {
    type: 'text/css',
    text: 'a { background: url(data:image/png;base64,AA) } b { background: url("b.svg") }',
  },
  '/b.svg': { type: 'image/svg+xml', text: '<svg xmlns="http://www.w3.org/2000/svg"/>' },
  '/a.js': { type: 'text/javascript', text: "import './b.js'; const from = 'https://names.example'" },
  '/b.js': { type: 'text/javascript', text: '' },
}

let files = good
const planted = createServer((req, res) => {
  const file = files[req.url ?? '']
  res.statusCode = file === undefined ? 404 : 200
  res.setHeader('Content-Type', file?.type ?? 'text/plain')
  if (file?.policy !== undefined) res.setHeader('Content-Security-Policy', file.policy)
  res.end(file?.text)
})
beforeAll(() => new Promise<void>((resolve) => planted.listen(0, '127.0.0.1', resolve)))
afterAll(() => new Promise((resolve) => planted.close(resolve)))

function check(changed: Readonly<Record<string, File>>) {
  files = { ...good, ...changed }
  return checkPages(`http://127.0.0.1:${(planted.address() as AddressInfo).port}`)
}

test('the pages of the server load nothing from elsewhere', async () => {
  expect(await checkPages(real.url)).toMatchObject({ result: 'pass' })
})

test('good pages pass, with every file that they load', async () => {
  expect(await check({})).toMatchObject({ result: 'pass', text: expect.stringContaining('the 4 files') })
})

test.each<[string, Record<string, File>, string]>([
  [
    'a script',
    { '/docs': page('<script src="https://cdn.example/x.js"></script>', POLICY) },
    '/docs loads https://cdn.example',
  ],
  ['a style sheet', { '/': page('<link href=//fonts.example/css>', POLICY) }, '/ loads http://fonts.example'],
  [
    'an image',
    { '/redoc': page("<img alt='' src='http://track.example/a.gif'>", POLICY) },
    '/redoc loads http://track.example',
  ],
  [
    'an import of a style',
    { '/a.css': { type: 'text/css', text: '@import "https://f.example/x.css";' } },
    '/a.css loads https://f.example',
  ],
  [
    'a font',
    { '/a.css': { type: 'text/css', text: 'a { src: url(https://f.example/x.woff2) }' } },
    '/a.css loads https://f.example',
  ],
  [
    'a module',
    { '/b.js': { type: 'text/javascript', text: 'import("https://esm.example/x")' } },
    '/b.js loads https://esm.example',
  ],
  ['a page without a policy', { '/docs': page('') }, '/docs has no content security policy'],
  [
    'a policy that names another origin',
    { '/docs': page('', `${POLICY}; connect-src https://t.example`) },
    '/docs lets connect-src be https://t.example',
  ],
  ['a policy without a default', { '/docs': page('', "script-src 'self'") }, '/docs has no default-src'],
])('%s from elsewhere is found', async (_, changed, fault) => {
  expect(await check(changed)).toMatchObject({ check: 'pages', result: 'fail', text: fault })
})

test('a file that is missing, or no server, is not taken for a good one', async () => {
  expect(await check({ '/docs': page('<script src="gone.js"></script>', POLICY) })).toMatchObject({
    result: 'not possible',
    text: 'the pages cannot be fetched (/gone.js answers 404)',
  })
  expect(await checkPages('http://127.0.0.1:1')).toMatchObject({ result: 'not possible' })
})
