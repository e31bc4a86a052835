import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Locator, type Page } from 'playwright-core'
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

/** The block of an operation, opened. */
async function openOperation(page: Page, operationId: string): Promise<Locator> {
  const name = page.locator('.opblock-summary-operation-id', { hasText: new RegExp(`^${operationId}$`) })
  const operation = page.locator('.opblock', { has: name })
  await operation.locator('.opblock-summary-control').click()
  return operation
}

async function createNoteInConsole(page: Page, note: { title: string; content: string }): Promise<{ id: string }> {
  const operation = await openOperation(page, 'createNote')
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
  operationId: string
  summary: string
  tags: string[]
  responses: Record<string, unknown>
}

async function readOperations(url: string): Promise<(Operation & { path: string; method: string })[]> {
  const contract: { paths: Record<string, Record<string, Operation>> } = JSON.parse(
    await (await fetch(`${url}/openapi.json`)).text(),
  )
  const operations = Object.entries(contract.paths).flatMap(([path, item]) =>
    ['get', 'put', 'post', 'patch', 'delete'].flatMap((method) => {
      const operation = item[method]
      return operation === undefined ? [] : [{ ...operation, path, method }]
    }),
  )
  expect(operations.length).toBeGreaterThan(1)
  return operations
}

/** Presses Execute, changes nothing before, and returns the status of each reply. */
async function executeAsOffered(page: Page, operationId: string, times: number): Promise<[string, ...number[]]> {
  const operation = await openOperation(page, operationId)
  const statuses: number[] = []
  for (let time = 0; time < times; time += 1) {
    const replied = page.waitForResponse((response) => ['fetch', 'xhr'].includes(response.request().resourceType()))
    await operation.locator('.btn.execute').click()
    statuses.push((await replied).status())
  }
  await operation.locator('.opblock-summary-control').click()
  return [operationId, ...statuses]
}

/** What the examples of the contract register and log in with. */
const exampleUser = { email: 'user@example.com', password: 'securepass123' }

/** Every operation that needs no id of something that exists: each list, and whatever creates something. */
async function proveOffers(context: BrowserContext, url: string): Promise<void> {
  const operations = (await readOperations(url)).filter(({ path }) => !path.includes('{'))
  const { page, complaints } = await watch(context, url, '/docs')
  expect(await executeAsOffered(page, 'registerUser', 1)).toEqual(['registerUser', 201])
  await authorize(page, exampleUser)
  for (const { operationId, method, path, responses } of operations) {
    if (path === '/auth/register') continue
    if (method === 'get') expect(await executeAsOffered(page, operationId, 1)).toEqual([operationId, 200])
    if ('201' in responses) expect(await executeAsOffered(page, operationId, 2)).toEqual([operationId, 201, 201])
  }
  expect(await complaints()).toEqual([])
  await page.close()
}

async function proveIntroduction(context: BrowserContext, url: string): Promise<void> {
  const { info }: { info: { description: string } } = JSON.parse(await (await fetch(`${url}/openapi.json`)).text())
  const headings = [...info.description.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
  const { page, complaints } = await watch(context, url, '/docs')
  await page.locator('details.conventions summary').click()
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 })
    for (const part of ['.info', '.info .description', '.conventions', '.conventions .renderedMarkdown']) {
      const block = page.locator(part).first()
      const hidden = await block.evaluate(({ scrollHeight, clientHeight, scrollWidth, clientWidth }) => [
        scrollHeight - clientHeight,
        scrollWidth - clientWidth,
      ])
      expect([part, width, ...hidden]).toEqual([part, width, 0, 0])
    }
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
  }
  expect(await page.locator('.conventions h2').allTextContents()).toEqual(headings)
  const shown = `${await page.locator('.info .description').innerText()} ${await page.locator('.conventions').innerText()}`
  const words = info.description.replaceAll(/^ *```\w*$|\]\([^)]*\)/gm, '').match(/[a-z]{2,}/gi) ?? []
  expect(words.filter((word) => !shown.includes(word))).toEqual([])
  expect(await complaints()).toEqual([])
  await page.close()
}

async function proveReference(context: BrowserContext, url: string): Promise<void> {
  const operations = await readOperations(url)

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
  'in the console every list, executed as offered, answers 200, and every operation that creates answers 201, twice',
  { timeout: 60_000 },
  async () => {
    if (stage === undefined) throw new Error('the browser did not start')
    await proveOffers(stage.context, stage.server.url)
  },
)

test.skipIf(absent && !inCi)(
  'the console shows the whole introduction, on wide and on narrow screens',
  { timeout: 60_000 },
  async () => {
    if (stage === undefined) throw new Error('the browser did not start')
    await proveIntroduction(stage.context, stage.server.url)
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
