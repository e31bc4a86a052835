import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Heartbeats } from '../../src/http/heartbeats.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

test('each is called every 25 seconds, and no second calls more than its share', () => {
  const heartbeats = new Heartbeats()
  const calls = Array.from({ length: 1_001 }, () => 0)
  const stops = calls.map((_, index) => heartbeats.add(() => void (calls[index] = (calls[index] ?? 0) + 1)))
  let before = 0
  for (let second = 0; second < 50; second += 1) {
    vi.advanceTimersByTime(1_000)
    const all = calls.reduce((sum, count) => sum + count, 0)
    expect([40, 41]).toContain(all - before)
    before = all
  }
  expect(new Set(calls)).toEqual(new Set([2]))
  for (const stop of stops) stop()
})

test('the timer runs only while there is something to call, and one that has stopped is not called again', () => {
  const heartbeats = new Heartbeats()
  expect(vi.getTimerCount()).toBe(0)
  const [first, second] = [vi.fn<() => void>(), vi.fn<() => void>()]
  const stopFirst = heartbeats.add(first)
  const stopSecond = heartbeats.add(second)
  expect(vi.getTimerCount()).toBe(1)
  stopFirst()
  stopFirst()
  expect(vi.getTimerCount()).toBe(1)
  vi.advanceTimersByTime(50_000)
  expect([first.mock.calls.length, second.mock.calls.length]).toEqual([0, 2])
  stopSecond()
  expect(vi.getTimerCount()).toBe(0)
  const stopAgain = heartbeats.add(first)
  vi.advanceTimersByTime(25_000)
  expect(first).toHaveBeenCalledTimes(1)
  stopAgain()
})
