import { expect, onTestFinished, test, vi } from 'vitest'
import { createTurns, type TurnOptions } from '../../src/scheduling/turns.ts'

const OPTIONS: TurnOptions = {
  slots: 1,
  queue: 8,
  queueWhenStuck: 2,
  stuckMs: 250,
  waitMs: 1_000,
  busy: (cause) => new Error('busy', { cause }),
}

/** Work that goes on until it is told to end. */
function work() {
  const { promise, resolve } = Promise.withResolvers<string>()
  const begun = vi.fn(() => promise)
  return { begun, end: () => resolve('done') }
}

/** Lets everything happen that does not wait for time. */
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function useFakeTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  onTestFinished(() => void vi.useRealTimers())
}

test('work with one key takes turns, in the order in which it came; other keys do not wait for it', async () => {
  const turns = createTurns(OPTIONS)
  const [first, second, other] = [work(), work(), work()]
  const running = [turns.run('a', first.begun), turns.run('a', second.begun), turns.run('b', other.begun)]
  await settle()
  expect([first, second, other].map(({ begun }) => begun.mock.calls.length)).toEqual([1, 0, 1])
  first.end()
  await settle()
  expect(second.begun).toHaveBeenCalledOnce()
  second.end()
  other.end()
  expect(await Promise.all(running)).toEqual(['done', 'done', 'done'])
})

test('while turns change hands, the whole queue may wait, and no more', async () => {
  const turns = createTurns(OPTIONS)
  const all = Array.from({ length: 10 }, work)
  const running = all.map(({ begun }) => turns.run('a', begun))
  await expect(running[9]).rejects.toThrow('busy')
  for (const { end } of all) end()
  expect(await Promise.all(running.slice(0, 9))).toEqual(Array.from({ length: 9 }, () => 'done'))
  expect(all[9]?.begun).not.toHaveBeenCalled()
})

test('once no turn has begun for a while, only a few may wait; when one begins, many may again', async () => {
  useFakeTime()
  const turns = createTurns(OPTIONS)
  const [stuck, next, ...others] = Array.from({ length: 6 }, work)
  if (stuck === undefined || next === undefined) throw new Error('There is no work')
  const running = [turns.run('a', stuck.begun), turns.run('a', next.begun)]
  await settle()
  vi.advanceTimersByTime(251)
  running.push(turns.run('a', others[0]?.begun ?? next.begun))
  await expect(turns.run('a', others[1]?.begun ?? next.begun)).rejects.toThrow('busy')
  expect(await turns.run('b', async () => 'another key')).toBe('another key')
  stuck.end()
  await settle()
  expect(next.begun).toHaveBeenCalledOnce()
  running.push(turns.run('a', others[2]?.begun ?? next.begun), turns.run('a', others[3]?.begun ?? next.begun))
  for (const { end } of [next, ...others]) end()
  expect(await Promise.all(running)).toEqual(Array.from({ length: 5 }, () => 'done'))
})

test('work that waits too long, or whose client is gone, never begins and leaves its place to others', async () => {
  useFakeTime()
  const turns = createTurns(OPTIONS)
  const [stuck, late, gone, last] = [work(), work(), work(), work()]
  const client = new AbortController()
  const running = turns.run('a', stuck.begun)
  const waiting = Promise.allSettled([turns.run('a', late.begun), turns.run('a', gone.begun, client.signal)])
  client.abort(new Error('The client is gone'))
  vi.advanceTimersByTime(1_000)
  expect((await waiting).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  const next = turns.run('a', last.begun)
  stuck.end()
  last.end()
  expect(await Promise.all([running, next])).toEqual(['done', 'done'])
  expect([late, gone].flatMap(({ begun }) => begun.mock.calls)).toEqual([])
})

test('work that fails gives its turn back', async () => {
  const turns = createTurns(OPTIONS)
  await expect(turns.run('a', () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await turns.run('a', async () => 'next')).toBe('next')
})
