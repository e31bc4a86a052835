import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startServer } from '../support/server.ts'
import { authorize, executeAsOffered, hasBrowser, openBrowser, openOperation, watch } from './console.ts'

if (!hasBrowser) process.stderr.write('skipped: there is no browser (apt-get install chromium)\n')

interface Stage {
  context: BrowserContext
  close: () => Promise<void>
  server: Awaited<ReturnType<typeof startServer>>
}
let stage: Stage | undefined

beforeAll(async () => {
  if (hasBrowser) stage = { ...(await openBrowser()), server: await startServer() }
}, 60_000)

afterAll(async () => {
  await stage?.close()
  await stage?.server.stop()
})

const person = () => ({ email: `${crypto.randomUUID()}@example.com`, password: 'one long walk by the sea' })

async function register(url: string, { email, password }: ReturnType<typeof person>): Promise<void> {
  const reply = await fetch(`${url}/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  })
  expect(reply.status, await reply.text()).toBe(201)
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
  const told = info.description.replaceAll('http://localhost:8000', url)
  const words = told.replaceAll(/^ *```\w*$|\]\([^)]*\)/gm, '').match(/[a-z]{2,}/gi) ?? []
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
  await page.getByText(`'${url}/notes'`).first().waitFor()
  await page.locator('[class*=panel]').getByText('curl', { exact: true }).first().click()
  await page.getByText('TypeScript', { exact: true }).first().click()
  await page.getByText('const', { exact: true }).first().waitFor()
  await page.keyboard.press('Control+k')
  await page.keyboard.type('note')
  await page.getByText('/notes').last().waitFor()
  expect(await complaints()).toEqual([])
  await page.close()
}

test.skipIf(!hasBrowser)(
  'the console signs in and creates a note, breaks no policy and contacts no other host',
  { timeout: 180_000 },
  async () => {
    if (stage === undefined) throw new Error('the browser did not start')
    await proveConsole(stage.context, stage.server.url)
  },
)

test.skipIf(!hasBrowser)(
  'in the console every list, executed as offered, answers 200, and every operation that creates answers 201, twice',
  { timeout: 180_000 },
  async () => {
    if (stage === undefined) throw new Error('the browser did not start')
    await proveOffers(stage.context, stage.server.url)
  },
)

test.skipIf(!hasBrowser)(
  'the console shows the whole introduction, on wide and on narrow screens',
  { timeout: 180_000 },
  async () => {
    if (stage === undefined) throw new Error('the browser did not start')
    await proveIntroduction(stage.context, stage.server.url)
  },
)

test.skipIf(!hasBrowser)(
  'the reference shows the operations, breaks no policy and contacts no other host',
  { timeout: 180_000 },
  async () => {
    if (stage === undefined) throw new Error('the browser did not start')
    await proveReference(stage.context, stage.server.url)
  },
)
