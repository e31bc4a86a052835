import { expect, test } from 'vitest'
import { createLocalQuotas } from '../../src/rate-limits/local-quotas.ts'

const of = (key: string, { quota = 10, weight = 1 } = {}) => ({ key, quota, weight, windowSeconds: 60 })

test('a key has its quota in each window, which begins with its first request', () => {
  let time = 0
  const { take } = createLocalQuotas(() => time)
  const granted = () => Array.from({ length: 30 }, () => take(of('a'))).filter(({ isAllowed }) => isAllowed).length
  time = 5_000
  expect(granted()).toBe(10)
  time = 64_999
  expect(granted()).toBe(0)
  expect(take(of('a'))).toEqual({ isAllowed: false, remaining: 0, resetSeconds: 1 })
  time = 65_000
  expect(granted()).toBe(10)
})

test('a request that costs more than is left takes nothing', () => {
  const { take } = createLocalQuotas(() => 0)
  expect(take(of('a', { weight: 8 }))).toEqual({ isAllowed: true, remaining: 2, resetSeconds: 60 })
  expect(take(of('a', { weight: 3 }))).toEqual({ isAllowed: false, remaining: 2, resetSeconds: 60 })
  expect(take(of('a', { weight: 2 }))).toEqual({ isAllowed: true, remaining: 0, resetSeconds: 60 })
})

test('100 000 keys and more are bounded in memory, and the newest are the ones that are counted', () => {
  const { take, size } = createLocalQuotas(() => 0, 1_000)
  for (let index = 0; index < 5_000; index += 1) take(of(`address:${index}`, { weight: 10 }))
  expect(size()).toBe(1_000)
  expect(take(of('address:4999')).isAllowed).toBe(false)
  expect(take(of('address:0')).isAllowed).toBe(true)
})

test('windows that have ended are forgotten when a new one begins', () => {
  let time = 0
  const { take, size } = createLocalQuotas(() => time)
  for (let index = 0; index < 1_000; index += 1) take(of(`address:${index}`))
  time = 60_000
  take(of('another'))
  expect(size()).toBe(1)
})

test.each([46_187.800_679, 41_933.506_934, 1_000_157.833_068, 0.1])(
  'a window that begins at %d ms has a whole minute and not a second more',
  (time) => {
    expect(createLocalQuotas(() => time).take(of('a')).resetSeconds).toBe(60)
  },
)

test('a clock that is set back neither renews a quota nor holds one for longer than its window', () => {
  let time = 10_000
  const { take } = createLocalQuotas(() => time)
  take(of('a', { weight: 10 }))
  time = 0
  expect(take(of('a')).isAllowed).toBe(false)
  time = 70_000
  expect(take(of('a')).isAllowed).toBe(true)
})
