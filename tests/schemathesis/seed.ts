import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Run } from '../clients/generator.ts'
import { serve, temporaryDirectory } from '../support/process.ts'
import { readReport, type Report } from './report.ts'

/** As in the examples of the contract, so that those which repeat the password succeed. */
const ACCOUNT = { email: 'user@example.com', password: 'securepass123' }
/** A stream does not end by itself; tests/changes tries it. */
export const EXCLUDED: readonly string[] = ['streamChanges']
const CONFIG = join(import.meta.dirname, 'schemathesis.toml')
/**
 * Two runs. Sequences of requests have one of their own, with a time instead of a number: Hypothesis gives up when a
 * repeated sequence gets another reply, as it must from a server that remembers, and only with a time begins again.
 */
const PARTS = [{ phases: 'examples,coverage,fuzzing' }, { phases: 'stateful', 'max-time': '40' }]
const MAX_SECONDS = 600

export interface Tools {
  readonly run: Run
  /** With these variables, `schemathesis` is the installed one. */
  readonly env: Readonly<Record<string, string>>
  /** For the reports. */
  readonly scratch: string
}

export interface Tried {
  readonly report: Report
  /** What went wrong beside the findings. */
  readonly faults: readonly string[]
  readonly seconds: number
}

/** Runs Schemathesis with one seed on a server and a database of its own. */
export async function trySeed(seed: string, tools: Tools): Promise<Tried> {
  const began = performance.now()
  const server = await serve({
    DATA_DIR: temporaryDirectory(),
    LOG_LEVEL: 'warn',
    ACCESS_TOKEN_TTL: '24h',
    TRUSTED_PROXIES: '127.0.0.1',
  })
  const login = await logIn(server.url)
  const env = {
    ...tools.env,
    ...login,
    NOTES_URL: server.url,
    SCHEMATHESIS_HOOKS: 'hooks',
    PYTHONPATH: import.meta.dirname,
    PYTHONDONTWRITEBYTECODE: '1',
  }
  // Of its own, because Schemathesis keeps there what it tried, and begins with that.
  const cwd = join(tools.scratch, seed)
  mkdirSync(cwd)
  const errors: unknown[] = []
  let events = ''
  for (const [index, options] of PARTS.entries()) {
    const files = join(cwd, `part-${index + 1}`)
    // It ends with 1 when it found something, which the report has too.
    const said = await tools
      .run('schemathesis', commandLine(server.url, { seed, ...options }, files), { cwd, env, seconds: MAX_SECONDS })
      .catch(String)
    errors.push(...errorsOf(`${files}.json`, said))
    events += readFileSync(`${files}.ndjson`, 'utf8')
  }
  const report = readReport(events)
  const own = await fetch(`${server.url}/users/me`, { headers: { Authorization: `Bearer ${login.NOTES_TOKEN}` } })
  const failures = server.lines().filter((line) => Number(line['level']) >= 50)
  const logged = Map.groupBy(failures, ({ operation, msg, err }) => JSON.stringify({ operation, msg, err }))
  const ended = await server.end('SIGTERM')
  const faults = [
    ...errors.map((error) => `Schemathesis reports ${JSON.stringify(error)}`),
    ...[...logged].map(([what, lines]) => `The log has ${lines.length} times: ${what}`),
    ...(own.status === 200 ? [] : ['The session of the run was ended by one of its requests.']),
    ...(ended === 0 ? [] : [`The server ended with ${ended}.`]),
  ]
  return { report, faults, seconds: (performance.now() - began) / 1_000 }
}

function commandLine(url: string, options: Readonly<Record<string, string>>, files: string): string[] {
  const all = {
    ...options,
    checks: 'all',
    // `report.ts` has its own.
    'exclude-checks': 'positive_data_acceptance',
    'request-timeout': '30',
    report: 'ndjson,json',
    'report-ndjson-path': `${files}.ndjson`,
    'report-json-path': `${files}.json`,
  }
  return [
    `--config-file=${CONFIG}`,
    'run',
    `${url}/openapi.json`,
    ...Object.entries(all).map(([name, value]) => `--${name}=${value}`),
    ...EXCLUDED.map((operation) => `--exclude-operation-id=${operation}`),
    '--continue-on-failure',
    '--no-shrink',
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
  const tokens = await post('/auth/token', 'application/x-www-form-urlencoded', form.toString())
  const token = String(tokens['access_token'])
  const sessions = await fetch(`${url}/users/me/sessions`, { headers: { Authorization: `Bearer ${token}` } })
  const [session] = (await sessions.json()) as readonly { readonly id: string }[]
  return { NOTES_TOKEN: token, NOTES_SESSION: session?.id ?? '', NOTES_PASSWORD: ACCOUNT.password }
}

/** The errors of Schemathesis itself. Without a complete report it did not work. */
function errorsOf(file: string, said: string): readonly unknown[] {
  try {
    const { complete, errors } = JSON.parse(readFileSync(file, 'utf8')) as { complete: boolean; errors: unknown[] }
    if (complete) return errors
  } catch {
    // The output says why there is no report.
  }
  throw new Error(`Schemathesis did not come to its end:\n${said}`)
}
