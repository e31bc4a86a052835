import { Pool } from 'pg'
import { afterAll, expect, test } from 'vitest'
import { boundQueue } from '../../src/db/bounded-pool.ts'
import { isOutage } from '../../src/db/pg-errors.ts'
import { useDatabase } from '../support/fixtures.ts'
import { until } from '../support/process.ts'

const database = useDatabase()
const pools: Pool[] = []
afterAll(() => Promise.all(pools.map((pool) => pool.end())))

/** One connection, for which two may wait. */
function smallPool() {
  const pool = new Pool({ ...database.connection, max: 1 })
  pools.push(pool)
  return boundQueue(pool, 2)
}

test('whoever would make the queue for a connection longer than it may be is refused at once, as in an outage', async () => {
  const pool = smallPool()
  const first = await pool.connect()
  const [second, third] = [pool.connect(), pool.connect()]
  const refused = await pool.connect().catch((error: unknown) => error)
  expect(isOutage(refused)).toBe(true)
  first.release()
  ;(await second).release()
  ;(await third).release()
  ;(await pool.connect()).release()
})

test('the time of the oldest that waits is known, and nothing when all have a connection', async () => {
  const pool = smallPool()
  const first = await pool.connect()
  expect(pool.waitedMs()).toBe(0)
  const began = performance.now()
  const second = pool.connect()
  await until('it has waited', () => pool.waitedMs() > 50)
  const third = pool.connect()
  expect(pool.waitedMs()).toBeGreaterThan(50)
  expect(pool.waitedMs()).toBeLessThanOrEqual(performance.now() - began)
  first.release()
  ;(await second).release()
  ;(await third).release()
  expect(pool.waitedMs()).toBe(0)
})

test('whoever gets no connection does not count as waiting any more', async () => {
  const pool = new Pool({ host: '127.0.0.1', port: 1, max: 1 })
  const unreachable = boundQueue(pool)
  expect(isOutage(await unreachable.connect().catch((error: unknown) => error))).toBe(true)
  expect(unreachable.waitedMs()).toBe(0)
})
