import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type Chore, startHousekeeping } from '../src/housekeeping.ts'

const TEN_MINUTES = 600_000

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('every chore runs at once and every ten minutes, also after one that failed, until housekeeping stops', async () => {
  const failure = new Error('the database is gone')
  const chores = [vi.fn<Chore>().mockRejectedValue(failure), vi.fn<Chore>().mockResolvedValue()]
  const failures: unknown[] = []
  const stop = startHousekeeping(chores, (error) => failures.push(error))
  const counts = (): number[] => chores.map(({ mock }) => mock.calls.length)
  await vi.advanceTimersByTimeAsync(0)
  expect(counts()).toEqual([1, 1])
  await vi.advanceTimersByTimeAsync(TEN_MINUTES - 1)
  expect(counts()).toEqual([1, 1])
  await vi.advanceTimersByTimeAsync(1)
  expect(counts()).toEqual([2, 2])
  expect(failures).toEqual([failure, failure])
  await stop()
  await vi.advanceTimersByTimeAsync(10 * TEN_MINUTES)
  expect([counts(), vi.getTimerCount()]).toEqual([[2, 2], 0])
})

test('housekeeping that stops waits for the chore under way, which is told, and begins no other', async () => {
  const batch = Promise.withResolvers<void>()
  const told: boolean[] = []
  const first: Chore = async (isStopping) => {
    told.push(isStopping())
    await batch.promise
    told.push(isStopping())
  }
  const second = vi.fn<Chore>().mockResolvedValue()
  const stopped = vi.fn<() => void>()
  const stopping = startHousekeeping([first, second], () => undefined)().then(stopped)
  await vi.advanceTimersByTimeAsync(TEN_MINUTES)
  expect(stopped).not.toHaveBeenCalled()
  batch.resolve()
  await stopping
  expect(told).toEqual([false, true])
  expect(second).not.toHaveBeenCalled()
})
