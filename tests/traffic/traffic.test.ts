import { beforeAll, expect, test } from 'vitest'
import { recordedIn, TRAFFIC } from './recorder.ts'
import { document, operations } from '../contract/harness/document-examples.ts'
import { secondOpinion } from './prism.ts'
import { documented, contractViolations, type Placed, place, shown } from './traffic.ts'

/** What the document promises and no test shows, and why. Only to be shortened: what is shown must leave the list. */
const UNSEEN: Readonly<Record<string, string>> = {}

let traffic: readonly Placed[]
let seen: ReadonlySet<string>

beforeAll(() => {
  traffic = recordedIn(process.env[TRAFFIC] ?? '').exchanges.map(place)
  seen = new Set(traffic.flatMap(shown))
  process.stdout.write(table(traffic))
})

test('nothing was seen in the whole run that is not documented', () => {
  expect(traffic.length).toBeGreaterThan(5_000)
  expect(tally(traffic.flatMap(contractViolations))).toEqual({})
})

test('everything that is documented was seen: each status, media type and header, each parameter and kind of body', () => {
  const unseen = [...documented()].filter((promise) => !seen.has(promise))
  expect(unseen).toEqual(Object.keys(UNSEEN))
})

test('an implementation that is not ours finds nothing wrong with any exchange', async () => {
  const judge = await secondOpinion(document.root)
  expect(tally(traffic.flatMap(judge))).toEqual({})
})

/** How often each finding came; a thousand of one kind are one line. */
function tally(findings: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const finding of findings) counts[finding] = (counts[finding] ?? 0) + 1
  return counts
}

/** How often each operation was seen to answer with each status. */
function table(exchanges: readonly Placed[]): string {
  const rows = operations.map(({ operationId, responses }) => {
    const mine = exchanges.filter(({ operation }) => operation?.operationId === operationId)
    const counts = [...responses.keys()].map(
      (status) => `${status}×${mine.filter(({ exchange }) => exchange.status === status).length}`,
    )
    return `${operationId.padEnd(20)}${String(mine.length).padStart(6)}  ${counts.join(' ')}`
  })
  const others = exchanges.filter(({ operation }) => operation === undefined).length
  return `\n${exchanges.length} exchanges, ${others} of them with pages and addresses outside the contract\n${rows.join('\n')}\n\n`
}
