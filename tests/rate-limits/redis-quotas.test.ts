import { setTimeout as delay } from 'node:timers/promises'
import { createClient } from '@redis/client'
import { afterEach, describe, expect, test } from 'vitest'
import type { TakeUnits } from '../../src/contract/request/rate-limits.ts'
import { createLocalQuotas } from '../../src/rate-limits/local-quotas.ts'
import { createRedisQuotas, type RedisQuotas } from '../../src/rate-limits/redis-quotas.ts'
import { openProxy } from '../support/proxy.ts'
import { freePort, until } from '../support/process.ts'
import { hasRedis, type RedisServer, startRedis } from '../support/redis.ts'

const opened: (() => unknown)[] = []
afterEach(async () => {
  for (const close of opened.splice(0).toReversed()) await close()
})

async function redis(options: Parameters<typeof startRedis>[0] = {}): Promise<RedisServer> {
  const server = await startRedis(options)
  opened.push(() => server.kill())
  return server
}

async function quotas(url: string): Promise<RedisQuotas & { changes: string[] }> {
  const changes: string[] = []
  const made = await createRedisQuotas({
    url,
    local: createLocalQuotas().take,
    onChange: ({ isShared, reason }) => changes.push(isShared ? 'shared' : `alone: ${reason}`),
  })
  opened.push(() => made[Symbol.asyncDispose]())
  return Object.assign(made, { changes })
}

let keys = 0
const key = (): string => `user:${(keys += 1)}`
const of = (name: string, { quota = 10, weight = 1, windowSeconds = 60 } = {}) => {
  return { key: name, quota, weight, windowSeconds }
}

/** How many of these are granted, and how long the slowest takes, in milliseconds. */
async function flood(takes: readonly TakeUnits[], request: Parameters<TakeUnits>[0], count: number) {
  const results: { isAllowed: boolean; took: number }[] = []
  const takeOne = async (take: TakeUnits): Promise<void> => {
    const began = performance.now()
    const { isAllowed } = await take(request)
    results.push({ isAllowed, took: performance.now() - began })
  }
  for (let left = count; left > 0; left -= 50)
    await Promise.all(Array.from({ length: 50 / takes.length }, () => takes.map(takeOne)).flat())
  return {
    granted: results.filter(({ isAllowed }) => isAllowed).length,
    slowest: Math.max(...results.map(({ took }) => took)),
  }
}

/** Writes more than a small Redis holds; returns why it refuses, if it does. */
async function fill({ url }: RedisServer): Promise<string | undefined> {
  const client = createClient({ url })
  await client.connect()
  opened.push(() => client.destroy())
  const EX = 60
  try {
    for (let count = 0; count < 500; count += 1) await client.set(`filler:${count}`, 'x'.repeat(10_000), { EX })
    return undefined
  } catch (error) {
    return String(error)
  }
}

describe.skipIf(!hasRedis)('quotas in Redis', () => {
  test('are one quota for all servers: exactly what is promised, however they race', async () => {
    const { url } = await redis()
    const [one, two] = [await quotas(url), await quotas(url)]
    expect((await flood([one.take, two.take], of(key(), { quota: 1_000 }), 2_000)).granted).toBe(1_000)
    expect((await flood([one.take, two.take], of(key(), { quota: 1_000, weight: 7 }), 2_000)).granted).toBe(142)
  })

  test('mean the same as in memory, answer for answer', async () => {
    const { url } = await redis()
    const [shared, local, name] = [await quotas(url), createLocalQuotas(), key()]
    for (const weight of [1, 5, 5, 4, 3, 1, 1, 10, 1]) {
      const request = of(name, { weight })
      expect(await shared.take(request)).toEqual(local.take(request))
    }
  })

  test('come again when the window of a key ends, and leave nothing behind', async () => {
    const { url } = await redis()
    const [shared, name] = [await quotas(url), key()]
    const request = of(name, { weight: 10, windowSeconds: 1 })
    expect((await shared.take(request)).isAllowed).toBe(true)
    const refused = await shared.take(request)
    expect(refused).toEqual({ isAllowed: false, remaining: 0, resetSeconds: 1 })
    const waited = await until('the window has ended', async () => (await shared.take(request)).isAllowed)
    expect(waited).toBeGreaterThan(800)
    expect(waited).toBeLessThan(1_500)
  })

  test('are counted by each server alone while Redis hangs: only requests under way wait, and none for 250 ms', async () => {
    const server = await redis()
    const [shared, name] = [await quotas(server.url), key()]
    await shared.take(of(name))
    server.hang()
    const first = await flood([shared.take], of(name), 50)
    expect(first.slowest).toBeLessThan(250)
    expect(first.granted).toBe(10)
    const second = await flood([shared.take], of(name), 50)
    expect(second.slowest).toBeLessThan(50)
    expect(second.granted).toBe(0)
    expect(shared.isShared()).toBe(false)
    expect(shared.changes).toEqual(['shared', 'alone: no answer within 150 ms'])
    server.wake()
    await until('they are shared again', () => shared.isShared(), 5_000)
    expect(shared.changes.at(-1)).toBe('shared')
    expect((await shared.take(of(key()))).remaining).toBe(9)
  })

  test('are counted by each server alone while Redis is slow, which is told once, and shared when it is quick', async () => {
    const server = await redis()
    const proxy = await openProxy({ host: '127.0.0.1', port: server.port })
    opened.push(() => proxy.close())
    const shared = await quotas(`redis://127.0.0.1:${proxy.port}`)
    const name = key()
    proxy.slow(165)
    const first = await flood([shared.take], of(name), 50)
    expect(first).toMatchObject({ granted: 10 })
    expect(first.slowest).toBeLessThan(250)
    // Longer than the pause between two attempts, so that some fail.
    const began = performance.now()
    while (performance.now() - began < 3_000) {
      expect((await flood([shared.take], of(name), 50)).slowest).toBeLessThan(100)
      await delay(20)
    }
    expect(shared.changes).toEqual(['shared', 'alone: no answer within 150 ms'])
    proxy.slow(0)
    await until('they are shared again', () => shared.isShared(), 5_000)
    expect(shared.changes.at(-1)).toBe('shared')
  })

  test('are counted by each server alone while Redis takes no writes, which is told once', async () => {
    const server = await redis()
    const admin = createClient({ url: server.url })
    await admin.connect()
    opened.push(() => admin.destroy())
    const [shared, name] = [await quotas(server.url), key()]
    await admin.sendCommand(['REPLICAOF', '127.0.0.1', '1'])
    expect((await flood([shared.take], of(name), 50)).granted).toBe(10)
    await delay(2_500)
    expect(shared.isShared()).toBe(false)
    expect(shared.changes).toEqual(['shared', expect.stringMatching(/^alone: .*READONLY/)])
    await admin.sendCommand(['REPLICAOF', 'NO', 'ONE'])
    await until('they are shared again', () => shared.isShared(), 5_000)
  })

  test('survive that Redis is killed and comes back, and say so once each time', async () => {
    const server = await redis()
    const [shared, name] = [await quotas(server.url), key()]
    await shared.take(of(name))
    await server.kill()
    expect((await flood([shared.take], of(name), 50)).granted).toBe(10)
    await until('the loss is noticed', () => !shared.isShared())
    await redis({ port: server.port })
    await until('they are shared again', () => shared.isShared(), 5_000)
    expect(shared.changes).toEqual(['shared', expect.stringMatching(/^alone: /), 'shared'])
  })

  test('of 100 000 addresses take less than 200 bytes each there, and are gone after their window', async () => {
    const server = await redis()
    const shared = await quotas(server.url)
    for (let batch = 0; batch < 1_000; batch += 1) {
      await Promise.all(
        Array.from({ length: 100 }, async (_, index) =>
          shared.take(of(`address:${batch}.${index}`, { windowSeconds: 10 })),
        ),
      )
    }
    const client = createClient({ url: server.url })
    await client.connect()
    opened.push(() => client.destroy())
    const size = await client.dbSize()
    const used = Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
    // On a busy machine some may have been counted here.
    expect(size).toBeGreaterThan(10_000)
    expect(used / size).toBeLessThan(200)
    await until('their windows have ended', async () => (await client.dbSize()) === 0, 30_000)
  }, 60_000)

  test('go on where Redis has little memory and gives up old keys, as in compose.yaml', async () => {
    const server = await redis({ flags: ['--maxmemory', '3mb', '--maxmemory-policy', 'volatile-ttl'] })
    const shared = await quotas(server.url)
    expect(await fill(server)).toBeUndefined()
    expect((await flood([shared.take], of(key()), 50)).granted).toBe(10)
    expect(shared.changes).toEqual(['shared'])
  })

  test('are counted by each server alone where Redis is full and may give up nothing, and the reason is told', async () => {
    const server = await redis({ flags: ['--maxmemory', '3mb', '--maxmemory-policy', 'noeviction'] })
    const shared = await quotas(server.url)
    expect(await fill(server)).toContain('OOM')
    // The last key that Redis has room for may be this one, so that one is granted there.
    expect((await flood([shared.take], of(key()), 50)).granted).toBeLessThanOrEqual(11)
    expect(shared.changes).toEqual(['shared', expect.stringMatching(/^alone: OOM /)])
  })

  test('with a wrong password are refused at the start, without the password', async () => {
    const { port } = await redis({ password: 'right' })
    for (const url of [`redis://127.0.0.1:${port}`, `redis://:wrong-secret@127.0.0.1:${port}`]) {
      const refused = await quotas(url).then(String, (error: Error) => error.message)
      expect(refused).toMatch(/^REDIS_URL leads to a Redis that refuses us: (NOAUTH|WRONGPASS)/)
      expect(refused).not.toContain('wrong-secret')
    }
  })
})

test('without a Redis a server starts, counts for itself, and joins when there is one', async () => {
  const port = await freePort()
  const shared = await quotas(`redis://127.0.0.1:${port}`)
  const name = key()
  expect((await flood([shared.take], of(name), 50)).granted).toBe(10)
  expect(shared.changes).toEqual(['alone: ECONNREFUSED'])
  if (!hasRedis) return
  await redis({ port })
  await until('they are shared', () => shared.isShared(), 5_000)
})
