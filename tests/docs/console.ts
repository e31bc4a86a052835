import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { chromium, type BrowserContext, type Locator, type Page } from 'playwright-core'
import { expect } from 'vitest'

const executablePath = '/usr/bin/chromium'
/** Whether a browser can be tested. In CI it always can: `.ci/run` installs one. */
export const hasBrowser = existsSync(executablePath) || process.env['CI'] === 'true'

const flags = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // It looks up hosts of Google all the same: no name but this one leads anywhere.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
]

/** A browser with an empty profile. It takes any certificate, as a test has only those that sign themselves. */
export async function openBrowser(): Promise<{
  readonly context: BrowserContext
  readonly close: () => Promise<void>
}> {
  const profile = await mkdtemp(join(tmpdir(), 'console-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: flags,
    ignoreHTTPSErrors: true,
  })
  const close = async (): Promise<void> => {
    await context.close()
    await rm(profile, { recursive: true, force: true })
  }
  return { context, close }
}

export interface Account {
  readonly email: string
  readonly password: string
}

interface Watched {
  page: Page
  complaints: () => Promise<string[]>
}

/** Opens a page of the server at this address; collects all errors and policy violations that the browser reports. */
export async function watch(context: BrowserContext, url: string, path: string): Promise<Watched> {
  const complaints: string[] = []
  const page = await context.newPage()
  // On a busy machine the pages are slow, and that is not what the tests are about.
  page.setDefaultTimeout(90_000)
  await page.exposeFunction('complain', (complaint: string) => complaints.push(complaint))
  await page.addInitScript(`document.addEventListener('securitypolicyviolation', event =>
    complain('policy: ' + event.effectiveDirective + ' ' + event.blockedURI))`)
  page.on('pageerror', (error) => complaints.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`console: ${message.text()}`)
  })
  page.on('request', (request) => {
    const address = request.url()
    if (!/^(?:data|blob):/.test(address) && !address.startsWith(`${url}/`)) complaints.push(`outside: ${address}`)
  })
  page.on('response', (response) => {
    if (response.status() >= 400) complaints.push(`status ${response.status()}: ${response.url()}`)
  })
  await page.goto(url + path)
  // One round trip to the page, so that pending events have arrived before they are counted.
  return { page, complaints: async () => (await page.evaluate('new Promise(requestAnimationFrame)'), complaints) }
}

export async function authorize(page: Page, { email, password }: Account): Promise<string> {
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
export async function openOperation(page: Page, operationId: string): Promise<Locator> {
  const name = page.locator('.opblock-summary-operation-id', { hasText: new RegExp(`^${operationId}$`) })
  const operation = page.locator('.opblock', { has: name })
  await operation.locator('.opblock-summary-control').click()
  return operation
}

/** Presses Execute, changes nothing before, and returns the status of each reply. */
export async function executeAsOffered(page: Page, operationId: string, times: number): Promise<[string, ...number[]]> {
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
