/**
 * `npm run fuzz [-- --seeds 1,2,3] [-- --max-examples N]`: Schemathesis makes requests from the contract, valid and
 * invalid ones, alone and in sequences, and judges the replies of a real server. What it finds must be among
 * `allowed.ts`. Installs Schemathesis with pip, once; that needs the network.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { runner } from '../clients/run.ts'
import { operations } from '../contract/harness/document-examples.ts'
import { cleanUp, serve, temporaryDirectory } from '../support/process.ts'
import { installPython, pythonDirectory, pythonVariables } from '../support/python.ts'
import { ALLOWED } from './allowed.ts'
import { explain, type Finding, hollow, PHASES, readReport, type Report } from './findings.ts'

const CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'schemathesis')
const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt')
/** As in the examples of the contract, so that those which repeat the password succeed. */
const ACCOUNT = { email: 'user@example.com', password: 'securepass123' }
/** A stream does not end by itself; tests/changes tries it. */
const EXCLUDED = ['streamChanges']

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    'max-examples': { type: 'string', default: '20' },
    // For an experiment: other options of Schemathesis, separated by blanks.
    options: { type: 'string', default: '' },
  },
})

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort())
const scratch = mkdtempSync(join(tmpdir(), 'notes-schemathesis-'))
const run = runner(scratch, interrupted.signal)
const env = pythonVariables(pythonDirectory(CACHE, REQUIREMENTS), CACHE)
const faults: string[] = []

try {
  mkdirSync(CACHE, { recursive: true })
  await installPython(CACHE, REQUIREMENTS, run)
  const seeds = values.seeds.split(',')
  // Two at once: one seed alone waits for itself most of the time.
  const workers = [0, 1].map(async () => {
    for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) await trySeed(seed)
  })
  await Promise.all(workers)
} finally {
  await cleanUp()
  rmSync(scratch, { recursive: true, force: true })
}
process.stdout.write(faults.length === 0 ? '\nNo fault found\n' : `\n${faults.length} faults:\n${faults.join('\n')}\n`)
process.exitCode = interrupted.signal.aborted ? 130 : Number(faults.length > 0)

async function trySeed(seed: string): Promise<void> {
  const began = performance.now()
  const server = await serve({
    DATA_DIR: temporaryDirectory(),
    LOG_LEVEL: 'warn',
    ACCESS_TOKEN_TTL: '24h',
    TRUSTED_PROXIES: '127.0.0.1',
  })
  const login = await logIn(server.url)
  const files = { ndjson: join(scratch, `${seed}.ndjson`), json: join(scratch, `${seed}.json`) }
  const said = await run('schemathesis', commandLine(server.url, seed, files), {
    env: {
      ...env,
      ...login,
      NOTES_URL: server.url,
      SCHEMATHESIS_HOOKS: 'hooks',
      PYTHONPATH: import.meta.dirname,
      PYTHONDONTWRITEBYTECODE: '1',
    },
    seconds: 7_200,
  }).catch(String)
  const summary = readSummary(files.json, said)
  const report = readReport(readFileSync(files.ndjson, 'utf8'))
  const alive = await fetch(`${server.url}/users/me`, { headers: { Authorization: `Bearer ${login.NOTES_TOKEN}` } })
  const wrong = [
    ...summary.errors.map((error) => JSON.stringify(error)),
    ...hollow(report, tried()),
    ...(alive.status === 200 ? [] : ['The session of the run was ended by one of its requests.']),
    ...server.lines().flatMap((line) => (Number(line['level']) >= 50 ? [`The log says ${JSON.stringify(line)}`] : [])),
    ...unexplained(report),
  ]
  faults.push(...wrong.map((fault) => `seed ${seed}: ${fault}`))
  await server.end('SIGTERM')
  print(seed, report, (performance.now() - began) / 1_000)
}

function commandLine(url: string, seed: string, files: { readonly ndjson: string; readonly json: string }): string[] {
  const options = {
    seed,
    phases: PHASES.join(','),
    checks: 'all',
    'max-examples': values['max-examples'],
    'request-timeout': '30',
    report: 'ndjson,json',
    'report-ndjson-path': files.ndjson,
    'report-json-path': files.json,
  }
  return [
    'run',
    `${url}/openapi.json`,
    ...Object.entries(options).map(([name, value]) => `--${name}=${value}`),
    ...EXCLUDED.map((operation) => `--exclude-operation-id=${operation}`),
    '--continue-on-failure',
    '--no-shrink',
    ...values.options.split(' ').filter((option) => option !== ''),
  ]
}

/** Registers the account of the run and logs in. The names are those that hooks.py reads. */
async function logIn(url: string) {
  const post = async (path: string, type: string, body: string): Promise<Record<string, unknown>> => {
    const reply = await fetch(`${url}${path}`, { method: 'POST', headers: { 'Content-Type': type }, body })
    if (!reply.ok) throw new Error(`${path} replied ${reply.status}: ${await reply.text()}`)
    return (await reply.json()) as Record<string, unknown>
  }
  await post('/auth/register', 'application/json', JSON.stringify(ACCOUNT))
  const form = new URLSearchParams({ username: ACCOUNT.email, password: ACCOUNT.password })
  const token = String(
    (await post('/auth/token', 'application/x-www-form-urlencoded', form.toString()))['access_token'],
  )
  const sessions = await fetch(`${url}/users/me/sessions`, { headers: { Authorization: `Bearer ${token}` } })
  const [session] = (await sessions.json()) as readonly { readonly id: string }[]
  return { NOTES_TOKEN: token, NOTES_SESSION: session?.id ?? '', NOTES_PASSWORD: ACCOUNT.password }
}

/** Schemathesis ends with 1 when it found something. Without a complete report it did not work. */
function readSummary(file: string, said: string): { readonly complete: boolean; readonly errors: readonly unknown[] } {
  try {
    const summary = JSON.parse(readFileSync(file, 'utf8')) as ReturnType<typeof readSummary>
    if (summary.complete) return summary
  } catch {
    // The output says why there is no report.
  }
  throw new Error(`Schemathesis did not come to its end:\n${said}`)
}

function tried(): string[] {
  return operations
    .filter(({ operationId }) => !EXCLUDED.includes(operationId))
    .map(({ method, path }) => `${method.toUpperCase()} ${path}`)
}

/** One of each kind, with how many there are. */
function unexplained({ findings }: Report): string[] {
  const kinds = Map.groupBy(
    findings.filter((finding) => explain(finding, ALLOWED) === undefined),
    ({ check, operation, status, refusals }: Finding) => [check, operation, status, ...refusals].join(' '),
  )
  return [...kinds].map(
    ([kind, [first, ...others]]) => `${kind} (${others.length + 1})\n    ${first?.message}\n    ${first?.request}`,
  )
}

function print(seed: string, { exchanges, findings }: Report, seconds: number): void {
  const explained = findings.filter((finding) => explain(finding, ALLOWED) !== undefined)
  const rows = ALLOWED.map(({ refusal }) => {
    const count = explained.filter(({ refusals }) => refusals.includes(refusal)).length
    return `  ${String(count).padStart(5)}  ${refusal}\n`
  })
  const counts = `${exchanges} exchanges, ${explained.length} allowed refusals, ${findings.length - explained.length} others`
  process.stdout.write(`seed ${seed}: ${counts} (${seconds.toFixed(0)} s)\n${rows.join('')}`)
}
