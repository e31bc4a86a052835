import { setTimeout as delay } from 'node:timers/promises'
import { ask, form } from '../../support/people.ts'
import { until } from '../../support/process.ts'
import { hasRedis, startRedis } from '../../support/redis.ts'
import type { Finding, NotRun, Row } from '../row.ts'
import { openDatabase, startServer, underTraffic } from '../world.ts'

/** What can happen to the Redis that counts requests for several servers. */
export const redisRows: readonly Row[] = [
  {
    fault: 'Redis hangs for 10 s, and is gone for 10 s',
    promised: 'no request waits 250 ms longer, login stays guarded, shared again',
    run: loseRedis,
  },
]

async function loseRedis(): Promise<Finding | NotRun> {
  if (!hasRedis) return { notRun: 'redis-server is not installed' }
  const database = await openDatabase()
  let redis = await startRedis()
  try {
    const quotas = { RATE_LIMITS: 'on', RATE_LIMIT_USER: '100000', RATE_LIMIT_ADDRESS: '100000' }
    const server = await startServer({ ...database.env, REDIS_URL: redis.url, ...quotas, LOG_LEVEL: 'info' })
    let guarded = 0
    const course = await underTraffic({
      server,
      database: database.connection,
      backWithin: 1_000,
      cause: async () => {
        const since = performance.now()
        redis.hang()
        await delay(10_000)
        redis.wake()
        await delay(2_000)
        await redis.kill()
        guarded = await guessPasswords(server)
        await delay(8_000)
        redis = await startRedis({ port: redis.port })
        return since
      },
    })
    const { slowest, p50 } = course.verdict
    course.expect(slowest < p50 + 250, `the slowest request took ${slowest.toFixed(0)} ms`)
    course.expect(guarded === 429, `the eleventh wrong password: ${guarded}`)
    const said = (text: string): number => server.lines().filter(({ msg }) => String(msg).includes(text)).length
    await until('Redis counts again', () => said('counted in Redis') >= 3, 15_000)
    const told = `${said('this server alone')} lines say that it is gone, ${said('counted in Redis') - 1} that it is back`
    await server.end('SIGTERM')
    const slow = `slowest request ${slowest.toFixed(0)} ms, median ${p50.toFixed(0)} ms`
    return { ...course, measured: [slow, `wrong passwords end with ${guarded}`, told] }
  } finally {
    await redis.kill()
    await database.stop()
  }
}

/** Tries wrong passwords until they are refused unread; returns the last status. */
async function guessPasswords(server: { readonly url: string }): Promise<number> {
  let status = 0
  for (let count = 0; count < 11 && status !== 429; count += 1) {
    const guess = form({ username: 'victim@example.com', password: `guess-${count}` })
    ;({ status } = await ask(server, 'POST', '/auth/token', guess))
  }
  return status
}
