import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createChangeHub } from '../../src/changes/change-hub.ts'
import type { FeedPosition, OwnersNotice, OwnersPlace } from '../../src/changes/core/read-changes.ts'
import { inTime } from '../support/in-time.ts'

const POLL_MS = 5

/** A log in memory, which counts how often it is read and can fail. */
function createLog() {
  const changes: OwnersNotice[] = []
  const reads: (readonly OwnersPlace[])[] = []
  const failures: unknown[] = []
  let failure: Error | undefined
  let forgottenSeq = 0
  const hub = createChangeHub({
    read: async (places, limit) => {
      reads.push(places)
      if (failure !== undefined) throw failure
      return places.flatMap(({ ownerId, after }) =>
        changes.filter(({ owner_id, seq }) => owner_id === ownerId && seq > after).slice(0, limit),
      )
    },
    readState: async () => ({ latestSeq: Infinity, forgottenSeq }),
    onFailure: (error) => failures.push(error),
    pollMs: POLL_MS,
  })
  const write = (owner: string, count = 1): void => {
    for (let written = 0; written < count; written += 1) {
      const seq = changes.filter(({ owner_id }) => owner_id === owner).length + 1
      changes.push({ owner_id: owner, seq, kind: 'upsert', note_id: `${seq}`, version: 1, at: '' })
    }
  }
  const forget = (seq: number): void => {
    changes.splice(0, changes.length, ...changes.filter((change) => change.seq !== seq))
    forgottenSeq = seq
  }
  return { hub, write, forget, reads, failures, fail: (error: Error | undefined) => (failure = error) }
}

const at = (seq: number, floor = 0): FeedPosition => ({ seq, floor })

const placeOf = (value: OwnersNotice | 'ready' | void): number | string =>
  typeof value === 'object' ? value.seq : 'ready'

async function take(stream: AsyncGenerator<OwnersNotice | 'ready'>, count: number): Promise<(number | string)[]> {
  const taken = []
  while (taken.length < count) taken.push(placeOf((await stream.next()).value))
  return taken
}

const polls = (count: number) => vi.advanceTimersByTimeAsync(count * POLL_MS)

test('one statement reads for all streams, each owner from the earliest place that a stream waits at', async () => {
  const { hub, write, reads } = createLog()
  const abort = new AbortController()
  write('ann', 3)
  const streams = [
    hub.follow('ann', at(0), abort.signal),
    hub.follow('ann', at(2), abort.signal),
    hub.follow('bob', at(0), abort.signal),
  ]
  expect(await Promise.all(streams.map((stream, index) => take(stream, [4, 2, 1][index] ?? 0)))).toEqual([
    [1, 2, 3, 'ready'],
    [3, 'ready'],
    ['ready'],
  ])
  write('ann')
  const next = streams.slice(0, 2).map((stream) => take(stream, 1))
  const bobs = take(streams[2] as AsyncGenerator<OwnersNotice | 'ready'>, 1)
  expect(await Promise.all(next)).toEqual([[4], [4]])
  write('bob')
  expect(await bobs).toEqual([1])
  expect(Math.max(...reads.map((places) => places.length))).toBe(2)
  abort.abort()
  hub.stop()
})

test('more changes than a batch holds arrive in order, each once', async () => {
  const { hub, write } = createLog()
  const abort = new AbortController()
  const stream = hub.follow('ann', at(0), abort.signal)
  expect(await take(stream, 1)).toEqual(['ready'])
  write('ann', 1_234)
  expect(await take(stream, 1_234)).toEqual(Array.from({ length: 1_234 }, (_, index) => index + 1))
  abort.abort()
  hub.stop()
})

test('nothing is read for a stream that has not taken its last batch', async () => {
  const { hub, write, reads } = createLog()
  const abort = new AbortController()
  const slow = hub.follow('ann', at(0), abort.signal)
  const quick = hub.follow('bob', at(0), abort.signal)
  await take(slow, 1)
  await take(quick, 1)
  write('ann', 2)
  expect(await take(slow, 1)).toEqual([1])
  const before = reads.length
  write('bob', 3)
  expect(await take(quick, 3)).toEqual([1, 2, 3])
  const later = reads.slice(before + 1).flat()
  expect(later.filter(({ ownerId }) => ownerId === 'ann')).toEqual([])
  expect(await take(slow, 1)).toEqual([2])
  abort.abort()
  hub.stop()
})

test('when changes cannot be read, all streams end, which is reported once; later streams are served', async () => {
  const { hub, write, fail, failures } = createLog()
  const abort = new AbortController()
  const streams = [hub.follow('ann', at(0), abort.signal), hub.follow('bob', at(0), abort.signal)]
  for (const stream of streams) await take(stream, 1)
  const waiting = streams.map((stream) => stream.next())
  const outage = new Error('the database is gone')
  fail(outage)
  for (const next of waiting) await expect(next).rejects.toBe(outage)
  expect(failures).toEqual([outage])
  fail(undefined)
  write('ann')
  expect(await take(hub.follow('ann', at(0), abort.signal), 2)).toEqual([1, 'ready'])
  abort.abort()
  hub.stop()
})

test('a stream that is aborted ends, and nothing is read for it any more', async () => {
  const { hub, write, reads } = createLog()
  const [gone, live] = [new AbortController(), new AbortController()]
  const stream = hub.follow('ann', at(0), gone.signal)
  await take(stream, 1)
  const next = stream.next()
  gone.abort()
  expect(await next).toEqual({ value: undefined, done: true })
  const other = hub.follow('bob', at(0), live.signal)
  await take(other, 1)
  const before = reads.length
  write('bob')
  expect(await take(other, 1)).toEqual([1])
  expect(reads.slice(before).flatMap((places) => places.map(({ ownerId }) => ownerId))).not.toContain('ann')
  live.abort()
  hub.stop()
})

test('a stream ends before it passes over a change that was deleted while it catches up', async () => {
  const { hub, write, forget } = createLog()
  const { signal } = new AbortController()
  write('ann', 250)
  const stream = hub.follow('ann', at(0), signal)
  expect(await take(stream, 100)).toHaveLength(100)
  forget(150)
  expect(await stream.next()).toEqual({ value: undefined, done: true })
  const readIt = hub.follow('ann', at(150), signal)
  const neverHadIt = hub.follow('ann', at(0, 150), signal)
  expect(await take(readIt, 101)).toContain('ready')
  expect(await take(neverHadIt, 250)).toContain('ready')
  hub.stop()
})

describe('with a clock that the test moves', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  test('no statement is made and no timer runs before the first stream comes and once the last one has gone', async () => {
    const { hub, reads } = createLog()
    for (const round of [1, 2]) {
      const before = reads.length
      await polls(1_000)
      expect([reads.length - before, vi.getTimerCount()], `before round ${round}`).toEqual([0, 0])
      const [one, two] = [new AbortController(), new AbortController()]
      const streams = [hub.follow('ann', at(0), one.signal), hub.follow('bob', at(0), two.signal)]
      for (const stream of streams) await take(stream, 1)
      const ends = streams.map((stream) => stream.next())
      await polls(3)
      expect(reads.length - before).toBe(2 + 3)
      one.abort()
      await polls(3)
      expect(reads.length - before).toBe(2 + 6)
      two.abort()
      expect(await Promise.all(ends)).toEqual(ends.map(() => ({ value: undefined, done: true })))
      // A poll that was due already finds no one.
      await polls(1)
    }
    expect(vi.getTimerCount()).toBe(0)
    hub.stop()
  })

  test('a stream that joins further on takes nothing from one that still waits for earlier changes', async () => {
    const { hub, write, reads } = createLog()
    const abort = new AbortController()
    const first = hub.follow('ann', at(0), abort.signal)
    expect(await take(first, 1)).toEqual(['ready'])
    const firsts = take(first, 251)
    write('ann', 250)
    const joined = hub.follow('ann', at(0), abort.signal)
    expect((await take(joined, 251)).at(-1)).toBe('ready')
    const next = take(joined, 1)
    expect(reads.filter((places) => places.some(({ after }) => after === 0))).toHaveLength(2)
    await polls(3)
    write('ann')
    await polls(1)
    expect(await inTime('all changes', firsts)).toEqual(Array.from({ length: 251 }, (_, index) => index + 1))
    expect(await inTime('the last change', next)).toEqual([251])
    expect(new Set(reads.map((places) => places.length))).toEqual(new Set([1]))
    abort.abort()
    hub.stop()
  })

  test.each([
    ['no stream is open any more', true],
    ['no stream has taken its last batch', false],
  ])('no statement is made while %s', async (_, isGone) => {
    const reads: (readonly OwnersPlace[])[] = []
    let last = 0
    const hub = createChangeHub({
      read: async (places) => {
        reads.push(places)
        const isDue = places.some(({ after }) => after < last)
        const notice = { owner_id: 'ann', kind: 'upsert' as const, version: 1, at: '' }
        return isDue ? [1, 2].map((seq) => ({ ...notice, seq, note_id: `${seq}` })) : []
      },
      readState: async () => ({ latestSeq: last, forgottenSeq: 0 }),
      onFailure: () => undefined,
      pollMs: 5,
    })
    const abort = new AbortController()
    const stream = hub.follow('ann', { seq: 0, floor: 0 }, abort.signal)
    await stream.next()
    const next = stream.next()
    if (isGone) abort.abort()
    else last = 2
    if (!isGone) await vi.advanceTimersByTimeAsync(5)
    await next
    const before = reads.length
    await vi.advanceTimersByTimeAsync(5_000)
    expect(reads.slice(before)).toEqual([])
  })
})
