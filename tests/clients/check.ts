/**
 * `npm run clients:check [-- NAME…] [--required NAME,…]`: generates a client from openapi.yaml with each generator,
 * compiles it with strict settings, and runs its round trip against a real server. The generators need the network.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cleanUp, serve, temporaryDirectory } from '../support/process.ts'
import { checkGenerator, report, type Result } from './check-generators.ts'
import { undocumented } from './documented.ts'
import { generators } from './generators.ts'

const PROJECT = join(import.meta.dirname, '..', '..')

const USAGE = `npm run clients:check [-- NAME…] [-- --required NAME,…]

Checks the clients of these generators, or of all: ${generators.map(({ name }) => name).join(', ')}.
--required  a generator whose toolchain is not there fails, instead of being reported as not run`

const { values, positionals } = readArguments()
if (values.help) {
  process.stdout.write(`${USAGE}\n`)
  process.exit()
}
const required = values.required.split(',').filter((name) => name !== '')
const chosen =
  positionals.length === 0
    ? generators
    : generators.filter(({ name }) => positionals.includes(name) || required.includes(name))

const unknown = [...positionals, ...required].filter((name) => !generators.some((generator) => generator.name === name))
const faults = [
  ...unknown.map(
    (name) => `There is no generator ${name}; there are ${generators.map((generator) => generator.name).join(', ')}`,
  ),
  ...undocumented(readFileSync(join(PROJECT, 'docs', 'clients.md'), 'utf8'), generators),
]
if (faults.length > 0) {
  process.stderr.write(`${faults.join('\n')}\n`)
  process.exit(1)
}

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupted.abort())

// Not below node_modules, where compilers treat files as third-party code.
const scratch = mkdtempSync(join(tmpdir(), 'notes-clients-'))
const results: Result[] = []
try {
  const server = await serve({ DATA_DIR: temporaryDirectory(), LOG_LEVEL: 'warn' })
  for (const generator of chosen) {
    if (interrupted.signal.aborted) break
    process.stdout.write(`${generator.name} …\n`)
    const place = {
      contract: join(PROJECT, 'openapi.yaml'),
      sources: import.meta.dirname,
      scratch,
      caches: join(PROJECT, 'node_modules', '.cache', 'clients'),
      serverUrl: server.url,
      signal: interrupted.signal,
    }
    results.push(await checkGenerator(generator, place, required.includes(generator.name)))
  }
  process.stdout.write(`\n${report(results)}\n`)
  // The server's log about a failure, such as a reply that broke the contract.
  const log = `${server.stdout()}${server.stderr()}`
  if (failed() && !interrupted.signal.aborted)
    process.stdout.write(`\nThe clients are left in ${scratch}. The server's log:\n${log}\n`)
} catch (error) {
  // Ctrl-C in a terminal also reaches the server, which then ends before it is ready.
  if (!interrupted.signal.aborted) throw error
} finally {
  await cleanUp()
  if (!failed() || interrupted.signal.aborted) rmSync(scratch, { recursive: true, force: true })
}
if (interrupted.signal.aborted) process.stderr.write('Interrupted\n')
process.exitCode = interrupted.signal.aborted ? 130 : Number(failed())

function readArguments() {
  const options = { required: { type: 'string', default: '' }, help: { type: 'boolean', default: false } } as const
  try {
    return parseArgs({ allowPositionals: true, options })
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${USAGE}\n`)
    return process.exit(2)
  }
}

function failed(): boolean {
  return results.some(({ outcome }) => outcome === 'failed')
}
