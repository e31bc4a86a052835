/**
 * `npm run reload`: has the running server replace its workers, so that new code takes effect while requests are
 * served, and waits until it has.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { explainFailure, Refusal } from '../command-errors.ts'
import { loadConfig } from '../config/config.ts'
import { readEnvironment } from '../config/environment.ts'
import { type Control, readControl } from './control-file.ts'

const HELP = `Usage: npm run reload

Replaces the workers of the running server that has the same DATA_DIR, one after the other, while the others serve. They
run the code that is there now. Settings take effect after a restart only, and so does a version with new migrations.
The server needs WORKERS=2 or more.

Exit code: 0 replaced, 1 not replaced, 2 wrong command or settings.
`

const POLL_MS = 100

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const { values } = parseArgs({ options: { help: { type: 'boolean', short: 'h' } } })
    if (values.help === true) {
      process.stdout.write(HELP)
      return 0
    }
    process.stdout.write(`${await reload(loadConfig(readEnvironment().values).dataDir)}\n`)
    return 0
  } catch (error) {
    const [code, lines] = explainFailure(error, { name: 'reload' })
    for (const line of lines) process.stderr.write(`notes-api reload: ${line}\n`)
    return code
  }
}

async function reload(dataDir: string): Promise<string> {
  const { pid, reloads } = find(dataDir) ?? none(dataDir)
  process.kill(pid, 'SIGHUP')
  process.stdout.write(`replacing the workers of process ${pid}\n`)
  for (;;) {
    await delay(POLL_MS)
    const now = find(dataDir)
    if (now?.pid !== pid) throw new Refusal(`process ${pid} ended meanwhile: see its log`)
    if (now.reloads === reloads) continue
    if (now.last !== undefined && 'version' in now.last) return `all workers run version ${now.last.version}`
    throw new Refusal(`not all workers were replaced: ${now.last?.failure ?? 'see the log of the server'}`)
  }
}

function find(dataDir: string): Control | undefined {
  try {
    return readControl(dataDir)
  } catch {
    throw new Refusal('the server runs as another user: run this as that user')
  }
}

function none(dataDir: string): never {
  throw new Refusal(
    `no server with WORKERS=2 or more runs on DATA_DIR (${dataDir}); one that cannot write there takes kill -HUP`,
  )
}
