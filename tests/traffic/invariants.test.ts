import { beforeAll, expect, test } from 'vitest'
import { recordedIn, TRAFFIC } from './recorder.ts'
import { invariants } from './invariants/all.ts'
import { judge } from './invariants/invariant.ts'
import { readTraffic, type Traffic } from './invariants/seen.ts'

/** What the exercise cannot show, and why. Only to be shortened: what is judged must leave the list. */
const UNJUDGED: Readonly<Record<string, string>> = {}

let traffic: Traffic
/** Whether what was recorded has both the exercise and every failure, so that nothing may be left without a judgement. */
let isComplete: boolean

beforeAll(() => {
  const recording = recordedIn(process.env[TRAFFIC] ?? '')
  traffic = readTraffic(recording)
  isComplete = ['exercise', 'coverage'].every((wanted) => recording.servers.some(({ name }) => name === wanted))
})

test.each(invariants)('$title, in all recorded traffic', (invariant) => {
  const { findings, unjudged } = judge(invariant, traffic)
  expect(tally(findings)).toEqual({})
  if (!isComplete) return
  const excused = Object.keys(UNJUDGED).filter((entry) => entry.startsWith(`${invariant.title}: `))
  expect(unjudged.map((concern) => `${invariant.title}: ${concern}`)).toEqual(excused)
})

/** How often each finding came; ids apart, a thousand of one kind are one line. */
function tally(findings: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const finding of findings) {
    const kind = finding.replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '…').slice(0, 300)
    counts[kind] = (counts[kind] ?? 0) + 1
  }
  return Object.fromEntries(Object.entries(counts).slice(0, 20))
}
