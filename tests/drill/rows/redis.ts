import { setTimeout as delay } from 'node:timers/promises'
import { ask, form } from '../../support/people.ts'
import { until } from '../../support/process.ts'
import { hasRedis, startRedis } from '../../support/redis.ts'
import type { Finding, NotRun, Row } from '../row.ts'
import { underTraffic, withServer } from '../world.ts'

/** What can happen to the Redis that counts requests for several servers. */
export const redisRows: readonly Row[] = [
  {
    fault: 'Redis hangs for 10 s, and is gone for 10 s',
    promised: 'no request waits 250 ms longer, login stays guarded, shared again',
    run: loseRedis,
  },
]

const QUOTAS = { RATE_LIMITS: 'on', RATE_LIMIT_USER: '100000', RATE_LIMIT_ADDRESS: '100000' }

async function loseRedis(): Promise<Finding | NotRun> {
  if (!hasRedis) return { notRun: 'redis-server is not installed' }
  let redis = await startRedis()
  try {
    return await withServer(
      async ({ connection }, server) => {
        let guarded = 0
        const cause = async (): Promise<void> => {
          redis.hang()
          await delay(10_000)
          redis.wake()
          await delay(2_000)
          await redis.kill()
          guarded = await guessPasswords(server)
          await delay(8_000)
          redis = await startRedis({ port: redis.port })
        }
        const course = await underTraffic({ server, database: connection, cause })
        const { slowest, p50 } = course.verdict
        course.expect(slowest < p50 + 250, `the slowest request took ${slowest.toFixed(0)} ms`)
        course.expect(guarded === 429, `the last wrong password: ${guarded}`)
        const said = (text: string): number => server.lines().filter(({ msg }) => String(msg).includes(text)).length
        await until('Redis counts again', () => said('counted in Redis') >= 3, 15_000)
        const slow = `slowest request ${slowest.toFixed(0)} ms, median ${p50.toFixed(0)} ms`
        const [gone, back] = [said('this server alone'), said('counted in Redis') - 1]
        const told = `${gone} lines say that it is gone, ${back} that it is back`
        return { ...course, measured: [slow, `wrong passwords end with ${guarded}`, told] }
      },
      { env: { REDIS_URL: redis.url, ...QUOTAS, LOG_LEVEL: 'info' } },
    )
  } finally {
    await redis.kill()
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
