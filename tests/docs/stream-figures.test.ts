import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { noteLimits } from '../../generated/limits.ts'
import { createChangeHub } from '../../src/changes/change-hub.ts'
import { string } from '../../src/contract/document/document.ts'
import { createStreams, type StreamOptions } from '../../src/contract/reply/streams.ts'
import type { Caller } from '../../src/contract/types.ts'
import { document, operationCalled } from '../contract/harness/document-examples.ts'
import { testCaller } from '../contract/harness/served-contract.ts'

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
afterEach(() => void vi.useRealTimers())

const pages = {
  log: pageOf('0012-change-log.md'),
  streams: pageOf('0013-event-streams.md'),
}

/** The text of a decision, on one line. */
function pageOf(name: string): string {
  const page = readFileSync(new URL(`../../docs/decisions/${name}`, import.meta.url), 'utf8')
  return page.replaceAll(/\s+/g, ' ')
}

/** The figures in some words, with `#` in their places. The text must have these words once. */
function figures(text: string, words: string): number[] {
  const parts = words.split('#').map((part) => part.replaceAll('.', String.raw`\.`))
  const found = [...text.replaceAll(/\s+/g, ' ').matchAll(new RegExp(parts.join(String.raw`(\d[\d .]*)`), 'g'))]
  expect(found, words).toHaveLength(1)
  return (found[0] ?? []).slice(1).map((figure) => Number(figure.replaceAll(' ', '')))
}

function descriptionOf(operationId: 'listChanges' | 'streamChanges'): string {
  const { path, method } = operationCalled(operationId)
  const operation = (document.root['paths'] as Record<string, Record<string, Record<string, unknown>>>)[path]?.[method]
  return string(operation?.['description'] as string)
}

const streamsWith = (options: Partial<StreamOptions> = {}) =>
  createStreams({ endedCallers: async () => new Set(), onCheckFailure: () => undefined, ...options })

test('the changes are polled as often as decision 13 says', async () => {
  const [pause = Number.NaN] = figures(pages.streams, 'One statement every # ms reads the changes')
  const read = vi.fn<() => Promise<[]>>().mockResolvedValue([])
  const hub = createChangeHub({
    read,
    readState: async () => ({ latestSeq: 0, forgottenSeq: 0 }),
    onFailure: () => undefined,
  })
  const abort = new AbortController()
  const stream = hub.follow('ann', { seq: 0, floor: 0 }, abort.signal)
  await stream.next()
  const next = stream.next()
  for (const polls of [0, 1, 2]) {
    expect(read).toHaveBeenCalledTimes(1 + polls)
    await vi.advanceTimersByTimeAsync(pause - 1)
    expect(read).toHaveBeenCalledTimes(1 + polls)
    await vi.advanceTimersByTimeAsync(1)
  }
  abort.abort()
  await next
  hub.stop()
})

test('an account and a server have as many streams as decision 13 says', async () => {
  const words = 'an account may have # open streams, and all accounts together #.'
  const [perAccount = 0, inAll = 0] = figures(pages.streams, words)
  const streams = streamsWith()
  const opened = async (callerOf: (index: number) => Caller): Promise<number> => {
    for (let index = 0; ; index += 1) {
      try {
        await streams.open(callerOf(index), new AbortController())
      } catch {
        return index
      }
    }
  }
  expect(await opened(() => testCaller)).toBe(perAccount)
  expect(await opened((index) => ({ ...testCaller, userId: `u${index}` }))).toBe(inAll - perAccount)
  streams.stop()
})

test('the credentials of streams are checked as often as decision 13 says, and for as long', async () => {
  const [pause = Number.NaN] = figures(pages.streams, 'and # seconds after its end the next one begins')
  const endedCallers = vi.fn<StreamOptions['endedCallers']>().mockResolvedValue(new Set())
  const streams = streamsWith({ endedCallers })
  await streams.open(testCaller, new AbortController())
  for (const checks of [0, 1, 2]) {
    await vi.advanceTimersByTimeAsync(pause * 1_000 - 1)
    expect(endedCallers).toHaveBeenCalledTimes(checks)
    await vi.advanceTimersByTimeAsync(1)
    expect(endedCallers).toHaveBeenCalledTimes(checks + 1)
  }
  // `checkMs` is both.
  expect(figures(pages.streams, 'If it fails or takes longer than # seconds, the streams end')).toEqual([pause])
  streams.stop()
})

test('the figures of decisions 12 and 13 that clients rely on are those of the contract', () => {
  expect(figures(pages.log, 'of erased notes stay for # days.')).toEqual(
    figures(descriptionOf('listChanges'), 'stays in the list for # days.'),
  )
  expect(figures(pages.streams, 'A stream ends within # seconds of its credential.')).toEqual(
    figures(descriptionOf('streamChanges'), 'event `end` within # seconds after its credential ends'),
  )
  expect(figures(pages.streams, 'A note may have # MiB of text')).toEqual([noteLimits.content / 1024 ** 2])
})
