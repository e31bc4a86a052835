import { setImmediate as turn } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import { createFairGate } from '../../src/scheduling/fair-gate.ts'
import { Problem, unavailable } from '../../src/http/problem.ts'

function refuse(cause?: unknown): Problem {
  return unavailable('The server is busy.', cause)
}

/** Work that ends on command, and records its name when it begins. */
function controlled(began: string[], name: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const work = (): Promise<string> => {
    began.push(name)
    return promise
  }
  return { work, end: () => resolve(name), fail: () => reject(new Error(name)) }
}

function refusal(run: Promise<unknown>): Promise<unknown> {
  return run.then(
    () => undefined,
    (error: unknown) => error,
  )
}

function expectBusy(error: unknown): void {
  expect(error).toBeInstanceOf(Problem)
  expect(error).toMatchObject({ slug: 'unavailable', status: 503, headers: { 'Retry-After': expect.any(Number) } })
}

test('at most as many hashes run at once as there are slots, and the others run in the order of arrival', async () => {
  const gate = createFairGate({ slots: 2, queue: 20, waitMs: 2_000, busy: refuse })
  const began: string[] = []
  const works = ['a', 'b', 'c', 'd', 'e'].map((name) => controlled(began, name))
  const runs = works.map(({ work }) => gate.run(work))
  await turn()
  expect(began).toEqual(['a', 'b'])
  works[1]?.end()
  await turn()
  expect(began).toEqual(['a', 'b', 'c'])
  works[0]?.end()
  works[2]?.end()
  await turn()
  expect(began).toEqual(['a', 'b', 'c', 'd', 'e'])
  for (const { end } of works) end()
  expect(await Promise.all(runs)).toEqual(['a', 'b', 'c', 'd', 'e'])
})

test('a new request does not take the slot that a waiting request gets next', async () => {
  const gate = createFairGate({ slots: 1, queue: 20, waitMs: 2_000, busy: refuse })
  const began: string[] = []
  const [first, waiting, newcomer] = [
    controlled(began, 'first'),
    controlled(began, 'waiting'),
    controlled(began, 'newcomer'),
  ]
  const runs = [gate.run(first.work).then(() => gate.run(newcomer.work)), gate.run(waiting.work)]
  first.end()
  await turn()
  expect(began).toEqual(['first', 'waiting'])
  waiting.end()
  newcomer.end()
  await Promise.all(runs)
  expect(began).toEqual(['first', 'waiting', 'newcomer'])
})

test('when the queue is full, a request gets a 503 with Retry-After at once, and its work never begins', async () => {
  const gate = createFairGate({ slots: 1, queue: 20, waitMs: 2_000, busy: refuse })
  const began: string[] = []
  const works = Array.from({ length: 21 }, (_, index) => controlled(began, String(index)))
  const runs = works.map(({ work }) => gate.run(work))
  const late = controlled(began, 'late')
  expectBusy(await refusal(gate.run(late.work)))
  for (const { end } of works) end()
  await Promise.all(runs)
  expect(began).toHaveLength(21)
  expect(began).not.toContain('late')
  late.end()
  expect(await gate.run(late.work)).toBe('late')
})

test('a flood under one key neither shuts out another key nor makes it wait for all of the flood', async () => {
  const gate = createFairGate({ slots: 1, queue: 4, waitMs: 2_000, busy: refuse })
  const began: string[] = []
  const enter = (name: string, key: string) => {
    const { work, end } = controlled(began, name)
    end()
    return refusal(gate.run(work, { key }))
  }
  const busy = controlled(began, 'busy')
  const running = gate.run(busy.work, { key: 'flood' })
  const flood = ['f1', 'f2', 'f3', 'f4'].map((name) => enter(name, 'flood'))
  expectBusy(await enter('f5', 'flood'))
  const others = [enter('home', 'home'), enter('office', 'office')]
  expectBusy(await flood[3])
  expectBusy(await flood[2])
  // Two of the flood, one of each other key: no key has enough places for another one of 'home' to be fairer.
  expectBusy(await enter('home again', 'home'))
  busy.end()
  await running
  expect(await Promise.all([flood[0], flood[1], ...others])).toEqual([undefined, undefined, undefined, undefined])
  expect(began).toEqual(['busy', 'f1', 'home', 'f2', 'office'])
})

test('one key has no more than its slots, though others are free; what waits for them does not delay other keys', async () => {
  const gate = createFairGate({ slots: 3, slotsPerKey: 2, queue: 20, waitMs: 2_000, busy: refuse })
  const began: string[] = []
  const enter = (name: string, key: string) => {
    const { work, end } = controlled(began, name)
    return { end, done: gate.run(work, { key }) }
  }
  const a1 = enter('a1', 'a')
  const later = ['a2', 'a3', 'a4'].map((name) => enter(name, 'a'))
  const b1 = enter('b1', 'b')
  const b2 = enter('b2', 'b')
  await turn()
  expect(began).toEqual(['a1', 'a2', 'b1'])
  b1.end()
  await turn()
  expect(began).toEqual(['a1', 'a2', 'b1', 'b2'])
  b2.end()
  await turn()
  // A slot is free, but not one of this key.
  expect(began).toHaveLength(4)
  a1.end()
  await turn()
  expect(began.slice(4)).toEqual(['a3'])
  for (const { end } of later) end()
  await Promise.all(later.map(({ done }) => done))
  expect(began.slice(4)).toEqual(['a3', 'a4'])
})

test('a request that waits too long is refused with a 503, and the next in the queue is not', async () => {
  vi.useFakeTimers()
  try {
    const gate = createFairGate({ slots: 1, queue: 20, waitMs: 2_000, busy: refuse })
    const began: string[] = []
    const [busy, impatient, next] = [
      controlled(began, 'busy'),
      controlled(began, 'impatient'),
      controlled(began, 'next'),
    ]
    const running = gate.run(busy.work)
    const refused = refusal(gate.run(impatient.work))
    await vi.advanceTimersByTimeAsync(1_000)
    const waiting = gate.run(next.work)
    await vi.advanceTimersByTimeAsync(1_000)
    expectBusy(await refused)
    busy.end()
    next.end()
    expect(await Promise.all([running, waiting])).toEqual(['busy', 'next'])
    expect(began).toEqual(['busy', 'next'])
    expect(vi.getTimerCount()).toBe(0)
  } finally {
    vi.useRealTimers()
  }
})

test('a client that leaves the queue frees its place; a hash that has begun keeps its slot to the end', async () => {
  const gate = createFairGate({ slots: 1, queue: 1, waitMs: 2_000, busy: refuse })
  const began: string[] = []
  const [first, gone, next] = [controlled(began, 'first'), controlled(began, 'gone'), controlled(began, 'next')]
  const [firstClient, goneClient] = [new AbortController(), new AbortController()]
  const running = gate.run(first.work, { signal: firstClient.signal })
  const left = refusal(gate.run(gone.work, { signal: goneClient.signal }))
  goneClient.abort()
  expectBusy(await left)
  const waiting = gate.run(next.work)
  firstClient.abort()
  await turn()
  expect(began).toEqual(['first'])
  first.end()
  next.end()
  expect(await Promise.all([running, waiting])).toEqual(['first', 'next'])
  expectBusy(await refusal(gate.run(gone.work, { signal: goneClient.signal })))
  expect(began).toEqual(['first', 'next'])
})

test('work that fails, at once or later, gives its slot back and its own error to its caller', async () => {
  const gate = createFairGate({ slots: 1, queue: 20, waitMs: 2_000, busy: refuse })
  const failing = controlled([], 'failing')
  const runs = [refusal(gate.run(failing.work)), gate.run(async () => 'after')]
  failing.fail()
  expect(await Promise.all(runs)).toEqual([new Error('failing'), 'after'])
  const thrown = gate.run(() => {
    throw new Error('at once')
  })
  expect(await refusal(thrown)).toEqual(new Error('at once'))
  expect(await gate.run(async () => 'still open')).toBe('still open')
})
