/**
 * Tests the gates: `npm run lies`. Plants each lie of tests/lies/planted in a copy of the project and runs its gate
 * there, which must turn red. `--only foreign` takes those whose list, gate, title or file contains this text; `--list`
 * prints them and runs nothing; `--slots 4` uses four copies at once; `--learn` notes in suspects.json which test
 * caught which lie, so that the next run begins with it; `--after-tests` does without the gates that all tests and
 * lints have just passed.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { print } from '../support/print.ts'
import { type PlantedLie, plantedLies, readSuspects, writeSuspects } from './planted.ts'
import { thisProject } from './project.ts'
import { type Outcome, RedGates, tryLies } from './try-lies.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    list: { type: 'boolean' },
    slots: { type: 'string' },
    learn: { type: 'boolean' },
    'after-tests': { type: 'boolean' },
  },
})
const started = performance.now()
const INDENT = ' '.repeat(35)
const chosen = choose(await plantedLies(), values.only)

if (chosen.length === 0) {
  print('no such lie')
  process.exitCode = 1
} else if (values.list === true) {
  for (const { area, gate, title } of chosen) print(`${area.padEnd(12)}${gate.padEnd(16)}${title}`)
} else {
  await run(chosen, Number(values.slots ?? Math.min(4, availableParallelism())))
}

async function run(lies: readonly PlantedLie[], slots: number): Promise<void> {
  const abort = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => abort.abort(new Error(`ended by ${name}`)))
  try {
    const outcomes = await tryLies(thisProject, lies, {
      slots,
      signal: abort.signal,
      isPassed: values['after-tests'],
      onGate: (name, { state, reason, detail }, seconds) => {
        row(state === 'green' ? 'passes' : 'FAILS', seconds, name, `without a lie ${reason}`)
        if (detail !== undefined) print(detail)
      },
      onOutcome: ({ state, lie, reason, seconds }) => {
        row(state, seconds, lie.gate, lie.title)
        if (reason !== '') print(`${INDENT}${reason}`)
      },
    })
    summarize(outcomes)
    if (values.learn === true) learn(outcomes)
    // Also if a bug of the runner skipped one.
    if (outcomes.filter(({ state }) => state === 'caught').length < lies.length) process.exitCode = 1
  } catch (error) {
    if (!(error instanceof RedGates) && !abort.signal.aborted) throw error
    print(`\n${error instanceof Error ? error.message : String(error)}`)
    process.exitCode = 1
  }
}

function choose(lies: readonly PlantedLie[], only = ''): readonly PlantedLie[] {
  return lies.filter(({ area, gate, title, file }) => [area, gate, title, file].some((text) => text.includes(only)))
}

function learn(outcomes: readonly Outcome[]): void {
  const caught = outcomes.flatMap(({ lie: { title }, test }) =>
    test === undefined
      ? []
      : [[title, { file: test.file.slice(test.file.lastIndexOf('/tests/') + 1), test: test.name }] as const],
  )
  writeSuspects({ ...readSuspects(), ...Object.fromEntries(caught) })
}

function row(state: string, seconds: number, gate: string, text: string): void {
  print(`${state.padEnd(9)}${seconds.toFixed(1).padStart(6)} s  ${gate.padEnd(15)}${text}`)
}

function summarize(outcomes: readonly Outcome[]): void {
  const having = (wanted: Outcome['state']): readonly Outcome[] => outcomes.filter(({ state }) => state === wanted)
  const failures = [...having('SURVIVED'), ...having('broken')]
  if (failures.length > 0) print('')
  for (const { state, lie, reason } of failures) print(`${state}: ${lie.title} (${lie.gate}, ${lie.file}) ${reason}`)
  print(`\n${((performance.now() - started) / 1_000).toFixed(0)} s`)
  print(`${having('caught').length} caught, ${having('SURVIVED').length} survived, ${having('broken').length} broken`)
}
