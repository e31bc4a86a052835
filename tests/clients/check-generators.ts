import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Context, type Generator, type Need, type Run, type Step, STEPS } from './generator.ts'
import { runner } from './run.ts'

export interface Result {
  readonly generator: Generator
  readonly outcome: 'passed' | 'failed' | 'not run'
  readonly seconds: Readonly<Partial<Record<Step, number>>>
  /** Why it was not run, or the failed step with its output. */
  readonly why: string
}

export interface Place {
  readonly contract: string
  readonly sources: string
  readonly scratch: string
  readonly caches: string
  readonly serverUrl: string
  readonly signal: AbortSignal
}

/** Runs the steps of one generator up to the first that fails. With `required`, a missing toolchain is a failure. */
export async function checkGenerator(generator: Generator, place: Place, required: boolean): Promise<Result> {
  const directory = join(place.scratch, generator.name)
  const cache = join(place.caches, generator.language.toLowerCase())
  mkdirSync(directory, { recursive: true })
  mkdirSync(cache, { recursive: true })
  const run = runner(directory, place.signal)
  const absent = await firstAbsent(generator.needs, run)
  if (absent !== undefined) return { generator, outcome: required ? 'failed' : 'not run', seconds: {}, why: absent }

  const { contract, serverUrl } = place
  const context: Context = { contract, source: join(place.sources, generator.name), directory, cache, serverUrl, run }
  const seconds: Partial<Record<Step, number>> = {}
  for (const step of STEPS) {
    const began = performance.now()
    try {
      await twice(step, place.signal, async () => generator.steps[step]?.(context))
    } catch (error) {
      return {
        generator,
        outcome: 'failed',
        seconds,
        why: `${step}: ${error instanceof Error ? error.message : String(error)}`,
      }
    }
    if (generator.steps[step] !== undefined) seconds[step] = (performance.now() - began) / 1_000
  }
  return { generator, outcome: 'passed', seconds, why: '' }
}

/** Registries fail now and then, so the install step is retried once. No other step is. */
async function twice(step: Step, signal: AbortSignal, work: () => Promise<unknown>): Promise<unknown> {
  try {
    return await work()
  } catch (error) {
    if (step !== 'install' || signal.aborted) throw error
    return work()
  }
}

async function firstAbsent(needs: readonly Need[], run: Run): Promise<string | undefined> {
  for (const need of needs) {
    const name = need.name ?? need.command
    const answer = await run(need.command, need.args ?? ['--version'], { seconds: 60 }).catch(() => undefined)
    if (answer === undefined) return `${name} is not there`
    const there = /\d+(\.\d+)+/.exec(answer)?.[0]
    if (need.atLeast !== undefined && (there === undefined || isOlder(there, need.atLeast))) {
      return `${name} ${there ?? 'of an unknown version'} is there, but ${need.atLeast} is needed`
    }
  }
  return undefined
}

function isOlder(version: string, than: string): boolean {
  const [have, want] = [version, than].map((text) => text.split('.').map(Number))
  for (const [index, part] of (want ?? []).entries()) {
    const mine = have?.[index] ?? 0
    if (mine !== part) return mine < part
  }
  return false
}

const COLUMNS = [
  'generator',
  'version',
  'language',
  ...STEPS.map((step) => (step === 'roundTrip' ? 'round trip' : step)),
]

/** The table, followed by the output of every failure. */
export function report(results: readonly Result[]): string {
  const cells = results.map(({ generator, outcome, seconds, why }) => {
    const ofSteps = STEPS.map((step) => (seconds[step] === undefined ? '' : `${seconds[step].toFixed(1)} s`))
    const last = outcome === 'passed' ? [] : [outcome === 'failed' ? 'FAILED' : `not run: ${why}`]
    return [generator.name, generator.version, generator.language, ...(outcome === 'not run' ? [] : ofSteps), ...last]
  })
  const widths = COLUMNS.map((title, column) =>
    Math.max(
      title.length,
      ...cells.map((row) => (row[column]?.startsWith('not run') === true ? 0 : (row[column]?.length ?? 0))),
    ),
  )
  const lines = [COLUMNS, ...cells].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
  const failures = results
    .filter(({ outcome }) => outcome === 'failed')
    .map(({ generator, why }) => `\n${generator.name} FAILED at ${why}\n`)
  const count = (outcome: Result['outcome']): number => results.filter((result) => result.outcome === outcome).length
  return [
    ...lines,
    ...failures,
    `\n${count('passed')} passed, ${count('failed')} failed, ${count('not run')} not run`,
  ].join('\n')
}
