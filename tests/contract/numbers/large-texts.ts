import { expect, vi } from 'vitest'
import { createTextWork } from '../../../src/text/text-work.ts'
import { newNote } from '../../notes/new-note.ts'
import type { Answer } from '../../support/people.ts'
import { about, claim, INFO, type Measure } from './claims.ts'
import type { Lab } from './lab.ts'

/** Lines of few kinds in an order that never comes back, which are slow to compare. */
function unlike(seed: number): string {
  let state = seed
  return Array.from({ length: 200_000 }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    return `${String.fromCharCode(97 + ((state >>> 16) % 20))}\n`
  }).join('')
}

/** Merges texts that take longer than this test, and moves the clock by some milliseconds; what has become of the merge. */
async function after(milliseconds: number): Promise<'refused' | 'under way'> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  const work = createTextWork()
  try {
    const job = { kind: 'merge', base: unlike(1), mine: unlike(2), theirs: unlike(3), maxConflicts: 1 } as const
    const refused = work.run(job, 'user').then(
      () => 'done' as never,
      (error: unknown) => error,
    )
    await vi.advanceTimersByTimeAsync(milliseconds)
    const outcome = await Promise.race([refused, Promise.resolve(undefined)])
    if (outcome === undefined) return 'under way'
    expect(outcome).toMatchObject({ status: 503, headers: { 'Retry-After': expect.any(Number) } })
    return 'refused'
  } finally {
    await work.close()
    vi.useRealTimers()
  }
}

const deadline: Measure = async ({ value, unit }) => {
  expect(unit).toBe('seconds')
  expect(await after(value * 1_000 - 1)).toBe('under way')
  expect(await after(value * 1_000)).toBe('refused')
}

const statusOfDeadline: Measure = async ({ value }) => {
  expect(value).toBe(503)
  expect(await after(60_000)).toBe('refused')
}

async function edit(lab: Lab, content: string, edits: readonly unknown[]): Promise<Answer> {
  const person = await lab.person()
  const { path } = await newNote(person, { content })
  const answer = await person.ask('POST', `${path}/edits`, { body: { edits } })
  if (answer.status !== 200) expect((await person.ask('GET', path)).body['version']).toBe(1)
  return answer
}

/** An edit that makes the text longer than it may be, even for a moment. */
const lengthAtEachStep: Measure = async ({ value }, lab) => {
  for (const [added, status] of [
    [4, 200],
    [5, 422],
  ] as const) {
    const edits = [
      { op: 'replace_text', find: 'end', replace: 'x'.repeat(3 + added) },
      { op: 'replace_text', find: 'x'.repeat(3 + added), replace: 'end' },
    ]
    expect((await edit(lab, `${'a'.repeat(value - 7)}end`, edits)).status).toBe(status)
  }
}

const FLIPS = 8

/** Edits of a note of this length after which exactly `characters` were read, or a few more. */
async function reading(lab: Lab, characters: number, more = 0): Promise<Answer> {
  const passes = 1 + 2 * FLIPS
  // A fence of four signs, and of one sign more in the first, makes the sum a multiple of the passes.
  const rest = (characters - FLIPS * 5) % passes
  const length = (characters - FLIPS * 5 - rest) / passes + more
  const toggle = { op: 'toggle_task', task: 't' }
  const flips = Array.from({ length: FLIPS }, (_, index) => {
    const fence = `${'~'.repeat(4 + (index === 0 ? rest : 0))}\n`
    return [
      { op: 'prepend', text: fence },
      { op: 'replace_text', find: fence, replace: '' },
    ]
  }).flat()
  // Long lines are read fast, so that the time is not what ends it.
  return edit(lab, '- [ ] t\n'.padEnd(length - 1, `${'a'.repeat(999)}\n`).concat('\n'), [toggle, ...flips, toggle])
}

const charactersRead: Measure = async ({ value }, lab) => {
  expect((await reading(lab, value)).status).toBe(200)
  const refused = await reading(lab, value, 1)
  expect(refused.body['errors']).toMatchObject([{ type: 'too_much_reading', pointer: `/edits/${2 * FLIPS}` }])
}

const statusOfReading: Measure = async ({ value }, lab) =>
  expect((await reading(lab, 2 ** 24, 1_000)).status).toBe(value)

export const largeTextClaims = [
  claim(INFO, '| edits, a merge or a comparison of large texts | # | # with', deadline, statusOfDeadline),
  claim(about('editNote'), 'may the content have more than # characters', lengthAtEachStep),
  claim(about('editNote'), 'make it read more than # characters, # names the edit', charactersRead, statusOfReading),
]
