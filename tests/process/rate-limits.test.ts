import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { hasOpenSsl, makeCertificate } from '../support/certificate.ts'
import { useProxiedCluster } from '../support/proxied-cluster.ts'
import { ask, type Person, register } from '../support/people.ts'
import { databaseEnv, runServer, serve, type ServerProcess, until } from '../support/process.ts'
import { hasRedis, type RedisServer, startRedis } from '../support/redis.ts'

const QUOTA = 200

const cluster = useProxiedCluster()

const settings = (more: Readonly<Record<string, string>>) => {
  return { ...databaseEnv({ ...cluster.connection, port: cluster.port }), RATE_LIMITS: 'on', ...more }
}
const status = async (server: { url: string }, { accessToken }: Person): Promise<number> =>
  (await ask(server, 'GET', '/users/me', { headers: { Authorization: `Bearer ${accessToken}` } })).status
const lines = (server: ServerProcess): unknown[] =>
  server.lines().flatMap(({ msg }) => (String(msg).startsWith('requests are counted') ? [msg] : []))

test('a server has rate limits unless they are switched off', async () => {
  const server = await serve(settings({}))
  const { headers } = await ask(server, 'GET', '/health/live')
  expect(headers.get('ratelimit-policy')).toBe('"health";q=600;w=60')
  await server.end('SIGTERM')
})

describe.skipIf(!hasRedis)('two servers with one Redis', () => {
  let redis: RedisServer
  let servers: readonly [ServerProcess, ServerProcess]

  beforeAll(async () => {
    redis = await startRedis()
    const given = settings({ REDIS_URL: redis.url, RATE_LIMIT_USER: String(QUOTA) })
    const first = await serve(given)
    servers = [first, await serve(given)]
  })
  afterAll(() => redis.kill())

  test('give an account one quota together; while Redis is away each guards itself and logins, and says so once', async () => {
    const [one, two] = servers
    const [ann, bob] = [await register(one), await register(one)]
    const counts = { 200: 0, 429: 0 } as Record<number, number>
    for (let round = 0; round < QUOTA; round += 1) {
      for (const answered of await Promise.all([status(one, ann), status(two, ann)]))
        counts[answered] = (counts[answered] ?? 0) + 1
    }
    expect(counts).toEqual({ 200: QUOTA, 429: QUOTA })
    expect(await status(two, bob)).toBe(200)

    await redis.kill()
    const began = performance.now()
    expect([await status(one, bob), await status(two, bob)]).toEqual([200, 200])
    expect(performance.now() - began).toBeLessThan(1_000)
    const login = () =>
      ask(one, 'POST', '/auth/token', {
        body: new URLSearchParams({ username: bob.email, password: 'not the password' }).toString(),
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
      })
    const statuses = []
    for (let guess = 0; guess < 7; guess += 1) statuses.push((await login()).status)
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429])
    const alone = expect.stringMatching(
      /^requests are counted by this server alone, because of Redis: .+; it is tried again$/,
    )
    expect(lines(one)).toEqual(['requests are counted in Redis, together with other servers', alone])

    redis = await startRedis({ port: redis.port })
    await until('both count together again', () => servers.every((server) => lines(server).length === 3))
    const remaining = async (server: { url: string }) => {
      const { headers } = await ask(server, 'GET', '/users/me', {
        headers: { Authorization: `Bearer ${ann.accessToken}` },
      })
      return Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1])
    }
    expect([await remaining(one), await remaining(two), await remaining(one)]).toEqual([
      QUOTA - 1,
      QUOTA - 2,
      QUOTA - 3,
    ])
  })
})

describe.skipIf(!hasRedis)('a Redis that refuses the server', () => {
  test('ends the start with one line, which has no password', async () => {
    const redis = await startRedis({ password: 'right' })
    const { code, stderr, stdout } = await runServer(
      settings({ REDIS_URL: `redis://:wrong-secret@127.0.0.1:${redis.port}` }),
    )
    expect(code).toBe(1)
    expect(stderr).toMatch(/^notes-api: REDIS_URL leads to a Redis that refuses us: WRONGPASS [^\n]*\n$/)
    expect(stderr + stdout).not.toContain('wrong-secret')
    await redis.kill()
  })
})

describe.skipIf(!hasRedis || !hasOpenSsl)('a Redis with TLS', () => {
  test('is used if its certificate is trusted, and otherwise the line says that it is not', async () => {
    const tls = makeCertificate()
    const redis = await startRedis({ tls })
    const given = settings({ REDIS_URL: redis.url })
    const trusting = await serve({ ...given, NODE_EXTRA_CA_CERTS: tls.certificate })
    expect(lines(trusting)).toEqual(['requests are counted in Redis, together with other servers'])
    expect((await ask(trusting, 'GET', '/health/live')).status).toBe(200)
    const other = await serve(given)
    expect(lines(other)).toEqual([
      'requests are counted by this server alone, because of Redis: DEPTH_ZERO_SELF_SIGNED_CERT; it is tried again',
    ])
    await redis.kill()
  })
})

test('a start waits for no Redis that is away, and goes on without it', async () => {
  const server = await serve(settings({ REDIS_URL: 'redis://:secret@127.0.0.1:1' }))
  expect((await ask(server, 'GET', '/health')).status).toBe(200)
  expect(lines(server)).toEqual([
    'requests are counted by this server alone, because of Redis: ECONNREFUSED; it is tried again',
  ])
  expect(await server.end('SIGTERM')).toBe(0)
})

test('REDIS_URL beside RATE_LIMITS=off is refused, because it would have no effect', async () => {
  const { code, stderr } = await runServer(settings({ RATE_LIMITS: 'off', REDIS_URL: 'redis://127.0.0.1:1' }))
  expect(code).toBe(1)
  expect(stderr).toContain('REDIS_URL has no effect with RATE_LIMITS=off: remove one of them')
})
