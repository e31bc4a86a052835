import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { serveMetrics } from '../../src/metrics/listener.ts'
import { StartupError } from '../../src/startup-error.ts'
import { freePort } from '../support/process.ts'

const TOKEN = 'a-token-of-the-scraper-0123456789'
const state: { fails: boolean; errors: unknown[] } = { fails: false, errors: [] }
let port: number
let served: AsyncDisposable

const options = () => ({
  host: '127.0.0.1',
  port,
  token: TOKEN,
  collect: async () => {
    if (state.fails) throw new Error('no figures')
    return 'figure 1\n'
  },
  onError: (error: unknown) => void state.errors.push(error),
})

beforeAll(async () => {
  port = await freePort()
  served = await serveMetrics(options())
})
afterAll(() => served[Symbol.asyncDispose]())

const get = (path: string, headers: Record<string, string> = {}, method = 'GET') =>
  fetch(`http://127.0.0.1:${port}${path}`, { method, headers })
const authorized = { Authorization: `Bearer ${TOKEN}` }

test('/metrics is told to who has the token', async () => {
  const response = await get('/metrics', authorized)
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(await response.text()).toBe('figure 1\n')
  expect((await get('/metrics', authorized, 'HEAD')).status).toBe(200)
})

test.each([{}, { Authorization: `Bearer ${TOKEN}x` }, { Authorization: 'Bearer' }, { Authorization: TOKEN }])(
  'a request with %o is refused',
  async (headers: Record<string, string>) => {
    const response = await get('/metrics', headers)
    expect(response.status).toBe(401)
    expect(response.headers.get('www-authenticate')).toBe('Bearer')
    expect(await response.text()).not.toContain('figure')
  },
)

test('other paths and methods are refused', async () => {
  expect((await get('/', authorized)).status).toBe(404)
  expect((await get('/metrics/x', authorized)).status).toBe(404)
  expect((await get('/metrics', authorized, 'POST')).status).toBe(405)
})

test('figures that cannot be read are a 500 and a line in the log, without the reason in the reply', async () => {
  state.fails = true
  const response = await get('/metrics', authorized)
  state.fails = false
  expect(response.status).toBe(500)
  expect(await response.text()).not.toContain('no figures')
  expect(state.errors).toHaveLength(1)
})

test('a port in use is told by the name of the setting', async () => {
  const second = serveMetrics(options())
  await expect(second).rejects.toBeInstanceOf(StartupError)
  await expect(second).rejects.toThrow(`METRICS_PORT ${port} on 127.0.0.1 is already in use`)
})

test('connections that send nothing do not keep others out for long', async () => {
  const idle = Array.from({ length: 40 }, () => connect(port, '127.0.0.1').on('error', () => undefined))
  await expect
    .poll(
      async () =>
        get('/metrics', authorized).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 12_000, interval: 200 },
    )
    .toBe(200)
  for (const socket of idle) socket.destroy()
}, 20_000)
