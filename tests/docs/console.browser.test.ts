import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer } from '../support/server.ts'

const executablePath = '/usr/bin/chromium'
const inCi = process.env.CI === 'true'
const absent = !existsSync(executablePath)
if (absent && !inCi) process.stderr.write(`skipped: no browser at ${executablePath} (apt-get install chromium)\n`)

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

interface Stage {
  context: BrowserContext
  profile: string
  server: Awaited<ReturnType<typeof startServer>>
}
let stage: Stage | undefined

beforeAll(async () => {
  if (absent) {
    if (inCi) throw new Error(`CI must prove the console in a browser, and there is none at ${executablePath}`)
    return
  }
  const profile = await mkdtemp(join(tmpdir(), 'console-'))
  const context = await chromium.launchPersistentContext(profile, { executablePath, args: flags })
  stage = { context, profile, server: await startServer() }
}, 60_000)

afterAll(async () => {
  await stage?.context.close()
  await stage?.server.stop()
  if (stage !== undefined) await rm(stage.profile, { recursive: true, force: true })
})

interface Watched {
  page: Page
  complaints: () => Promise<string[]>
}

/** Opens a page and collects all errors and policy violations that the browser reports. */
async function watch(context: BrowserContext, url: string, path: string): Promise<Watched> {
  const complaints: string[] = []
  const page = await context.newPage()
  await page.exposeFunction('complain', (complaint: string) => complaints.push(complaint))
  await page.addInitScript(`document.addEventListener('securitypolicyviolation', event =>
    complain('policy: ' + event.effectiveDirective + ' ' + event.blockedURI))`)
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`console: ${message.text()}`)
  })
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url())
    if (!['data:', 'blob:'].includes(protocol) && origin !== url) complaints.push(`outside request: ${request.url()}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`status ${response.status()}: ${response.url()}`)
  })
  await page.goto(url + path)
  // One round trip to the page, so that pending events have arrived before they are counted.
  return { page, complaints: async () => (await page.evaluate('new Promise(requestAnimationFrame)'), complaints) }
}

const person = () => ({ email: `${crypto.randomUUID()}@example.com`, password: 'one long walk by the sea' })

async function register(url: string, { email, password }: ReturnType<typeof person>): Promise<void> {
  const reply = await fetch(`${url}/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  })
  expect(reply.status, await reply.text()).toBe(201)
}

async function authorize(page: Page, { email, password }: ReturnType<typeof person>): Promise<string> {
  await page.locator('.auth-wrapper .authorize').first().click()
  const dialog = page.locator('.auth-container', { hasText: '(OAuth2, password)' })
  await dialog.getByLabel('username:').fill(email)
  await dialog.getByLabel('password:').fill(password)
  const granted = page.waitForResponse((response) => response.url().endsWith('/auth/token'))
  await dialog.getByRole('button', { name: 'Apply given OAuth2 credentials' }).click()
  const response = await granted
  expect(response.status(), await response.text()).toBe(200)
  const sent = response.request()
  expect([...new URLSearchParams(sent.postData() ?? '').keys()].toSorted()).toEqual([
    'grant_type',
    'password',
    'scope',
    'username',
  ])
  expect(await sent.headerValue('authorization')).toBeNull()
  await dialog.getByRole('button', { name: 'Remove authorization' }).waitFor()
  await dialog.locator('.btn-done').click()
  const { access_token: token }: { access_token: string } = await response.json()
  return token
}

async function createNoteInConsole(page: Page, note: { title: string; content: string }): Promise<{ id: string }> {
  const name = page.locator('.opblock-summary-operation-id', { hasText: /^createNote$/ })
  const operation = page.locator('.opblock', { has: name })
  await operation.locator('.opblock-summary-control').click()
  await operation.locator('.body-param__text').fill(JSON.stringify(note))
  await operation.locator('.btn.execute').click()
  const live = operation.locator('.live-responses-table .response')
  expect(await live.locator('.response-col_status').textContent()).toContain('201')
  return JSON.parse(await live.locator('.response-col_description .highlight-code code').first().innerText())
}

async function proveConsole(context: BrowserContext, url: string): Promise<void> {
  const someone = person()
  await register(url, someone)
  const { page, complaints } = await watch(context, url, '/docs')
  const token = await authorize(page, someone)
  const made = await createNoteInConsole(page, { title: 'From the console', content: 'Written in a browser.' })

  const kept = await fetch(`${url}/notes/${made.id}`, { headers: { authorization: `Bearer ${token}` } })
  expect(kept.status).toBe(200)
  expect(await kept.json()).toMatchObject({ title: 'From the console', content: 'Written in a browser.' })
  expect(await complaints()).toEqual([])
  await page.close()
}

interface Operation {
  summary: string
  tags: string[]
}

async function proveReference(context: BrowserContext, url: string): Promise<void> {
  const contract: { paths: Record<string, Record<string, Operation>> } = JSON.parse(
    await (await fetch(`${url}/openapi.json`)).text(),
  )
  const operations = Object.values(contract.paths).flatMap((path) =>
    ['get', 'put', 'post', 'patch', 'delete'].flatMap((method) => path[method] ?? []),
  )
  expect(operations.length).toBeGreaterThan(1)

  const { page, complaints } = await watch(context, url, '/redoc')
  for (const tag of new Set(operations.flatMap((operation) => operation.tags))) {
    await page
      .locator(`a[href="#/${encodeURIComponent(tag)}"]`)
      .first()
      .click()
    for (const { summary } of operations.filter(({ tags }) => tags.includes(tag))) {
      await page.locator('#redoc').getByText(summary, { exact: true }).first().waitFor()
    }
  }
  // The code samples, and not only the request body that Redoc itself shows.
  await page.goto(`${url}/redoc#/notes/createNote`)
  await page.getByText("'http://localhost:8000/notes'").first().waitFor()
  await page.locator('[class*=panel]').getByText('curl', { exact: true }).first().click()
  await page.getByText('TypeScript', { exact: true }).first().click()
  await page.getByText('const', { exact: true }).first().waitFor()
  await page.keyboard.press('Control+k')
  await page.keyboard.type('note')
  await page.getByText('/notes').last().waitFor()
  expect(await complaints()).toEqual([])
  await page.close()
}

test.skipIf(absent && !inCi)(
  'the console signs in and creates a note, breaks no policy and contacts no other host',
  { timeout: 60_000 },
  async () => {
    if (stage === undefined) throw new Error('the browser did not start')
    await proveConsole(stage.context, stage.server.url)
  },
)

test.skipIf(absent && !inCi)(
  'the reference shows the operations, breaks no policy and contacts no other host',
  { timeout: 60_000 },
  async () => {
    if (stage === undefined) throw new Error('the browser did not start')
    await proveReference(stage.context, stage.server.url)
  },
)
