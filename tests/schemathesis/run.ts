/**
 * `npm run fuzz [-- --seeds 1,2] [-- --keep]`: Schemathesis makes requests from the contract, valid and
 * invalid ones, alone and in sequences along its links, and judges the replies of a real server. What it finds must be
 * in `allowed.ts`. Installs Schemathesis with pip, once; that needs the network.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runner } from '../clients/run.ts'
import { operations } from '../contract/harness/document-examples.ts'
import { sentences } from '../contract/numbers/texts.ts'
import { cleanUp } from '../support/process.ts'
import { installPython } from '../support/python.ts'
import { ALLOWED } from './allowed.ts'
import type { Report } from './report.ts'
import { EXCLUDED, type Tried, trySeed } from './seed.ts'
import { explain, hollow, PHASES, unexplained, unsaid, uses } from './verdict.ts'

const SEEDS = '1,2,3'
const CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'schemathesis')

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: SEEDS },
    // Keeps the reports of Schemathesis, and says where.
    keep: { type: 'boolean', default: false },
  },
})

const stopped = new AbortController()
let interrupted = false
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
  process.on(signal, () => {
    interrupted = true
    stopped.abort()
  })
const scratch = mkdtempSync(join(tmpdir(), 'notes-schemathesis-'))
const run = runner(scratch, stopped.signal)
const tried = new Map<string, Tried>()

try {
  const env = await installPython(CACHE, join(import.meta.dirname, 'requirements.txt'), run)
  const tools = { run, env, scratch }
  const seeds = values.seeds.split(',')
  // Two at once: Schemathesis and the server wait for each other.
  const workers = [0, 1].map(async () => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
      const outcome = await trySeed(seed, tools)
      tried.set(seed, outcome)
      process.stdout.write(`seed ${seed}: ${figures(outcome)}\n`)
    }
  })
  await Promise.all(workers)
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
} finally {
  // The other seed ends with the one that failed.
  stopped.abort()
  await cleanUp()
  if (values.keep) process.stdout.write(`The reports are in ${scratch}\n`)
  else rmSync(scratch, { recursive: true, force: true })
}
if (interrupted) process.exitCode = 130
else if (process.exitCode === undefined) judge()

function judge(): void {
  const reports = [...tried.values()].map(({ report }) => report)
  const used = uses(reports, ALLOWED)
  const unused = ALLOWED.filter((entry) => used.get(entry) === 0)
  const isFullRun = values.seeds === SEEDS
  const isSurplus = ({ rare }: (typeof ALLOWED)[number]): boolean => isFullRun && rare !== true
  const expected = operations
    .filter(({ operationId }) => !EXCLUDED.includes(operationId))
    .map(({ method, path }) => `${method.toUpperCase()} ${path}`)
  const faults = [
    ...unsaid(ALLOWED, new Set(sentences.filter(({ where }) => where.startsWith('/')).map(({ text }) => text))),
    ...unused.filter(isSurplus).map(({ refusal }) => `allowed.ts has ${refusal}, which no seed needed.`),
    ...[...tried].flatMap(([seed, { report, faults: others }]) =>
      [...unexplained(report, ALLOWED), ...hollow(report, expected), ...others].map(
        (fault) => `seed ${seed}: ${fault}`,
      ),
    ),
  ]
  const rows = ALLOWED.map((entry) => `  ${String(used.get(entry)).padStart(5)}  ${entry.refusal}`)
  const warnings = unused
    .filter((entry) => !isSurplus(entry))
    .map(({ refusal }) => `warning: by chance, no seed needed ${refusal}`)
  const verdict = faults.length === 0 ? ['No fault found'] : [`${faults.length} faults:`, ...faults]
  process.stdout.write(`Valid requests refused for a reason in the contract:\n`)
  process.stdout.write(`${[...rows, ...warnings, '', ...verdict].join('\n')}\n`)
  process.exitCode = Number(faults.length > 0)
}

function figures({ report, seconds }: Tried): string {
  const all = PHASES.map((phase) => report.exchanges.get(phase) ?? 0).reduce((sum, count) => sum + count, 0)
  const phases = PHASES.map((phase) => `${phase} ${report.exchanges.get(phase) ?? 0}`).join(', ')
  const explained = countExplained(report)
  const found = `${explained} allowed refusals, ${report.findings.length - explained} other findings`
  const links = `${report.links.size} of ${report.allLinks} links`
  return `${all} exchanges (${phases}), ${links}, ${found} (${seconds.toFixed(0)} s)`
}

function countExplained({ findings }: Report): number {
  return findings.filter((finding) => explain(finding, ALLOWED) !== undefined).length
}
