import { enableCompileCache } from 'node:module'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadConfig } from './config/config.ts'
import { loadDocument } from './contract/document/document.ts'
import { readEnvironment } from './config/environment.ts'
import { createLog } from './log.ts'
import { listen } from './listener.ts'
import { helpText } from './config/help.ts'
import type { RunningServer } from './start.ts'
import { StartupError } from './startup-error.ts'

/** By default Docker kills a container ten seconds after SIGTERM; we give up shortly before that. */
const STOP_DEADLINE_MS = 9_500
/** npm forwards a Ctrl-C that the terminal has already sent us; a second SIGINT within this time is that copy. */
const FORWARDED_SIGNAL_MS = 300

/** The process: environment, signals and exit codes. */
async function main(): Promise<void> {
  const { values } = readArguments()
  if (values.help === true) return void process.stdout.write(helpText(loadDocument().version))
  if (values.version === true) return void process.stdout.write(`${loadDocument().version}\n`)

  requireWorkingDirectory()
  const environment = readEnvironment()
  const config = loadConfig(environment.values)
  const log = createLog({ level: config.logLevel, format: config.logFormat })
  for (const remark of environment.remarks) log.warn(remark)
  // The cache is beside the packages. It shortens later starts by a third, and is skipped if we may not write there.
  enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url)))
  let starting: Promise<RunningServer> | undefined
  const breakOff = new AbortController()
  let stopping = 0

  const stop = async (reason: string, exitCode: number): Promise<void> => {
    if (stopping > 0) {
      if (exitCode === 0 && performance.now() - stopping > FORWARDED_SIGNAL_MS) process.exit(1)
      return
    }
    stopping = performance.now()
    setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref()
    log.info(`${reason}; finishing open requests`)
    breakOff.abort()
    const server = await starting?.catch(() => undefined)
    await server?.stop()
    log.info('stopped')
    process.exit(exitCode)
  }
  process.on('SIGTERM', () => void stop('received SIGTERM', 0))
  process.on('SIGINT', () => void stop('received SIGINT', 0))
  const crash = (error: unknown): void => {
    log.fatal({ err: error }, 'unhandled error')
    void stop('stopping after an unhandled error', 1)
  }
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)

  const listener = await listen(config, log)
  // Imported late, because it loads everything: `--help`, a wrong setting and a port in use must be reported at once.
  const { start } = await import('./start.ts')
  starting = start(config, listener, log, breakOff.signal)
  try {
    const { url } = await untilReady(starting)
    if (stopping === 0) log.info(`notes-api is ready at ${url}; documentation at ${url}/docs`)
  } catch (error) {
    // A start that was broken off is no fault. `stop` ends the process.
    if (stopping === 0) throw error
  }
}

async function untilReady(starting: Promise<RunningServer>): Promise<RunningServer> {
  const server = await starting
  try {
    await server.ready
    return server
  } catch (error) {
    await server.stop()
    throw error
  }
}

/** Packages fail with a stack trace without one. */
function requireWorkingDirectory(): void {
  try {
    process.cwd()
  } catch {
    throw new StartupError(
      'DATA_DIR and .env are looked up in the working directory, which has been deleted: start the server in another one',
    )
  }
}

function readArguments() {
  try {
    return parseArgs({ options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } })
  } catch (error) {
    throw new StartupError(`${error instanceof Error ? error.message : String(error)} (try --help)`)
  }
}

try {
  await main()
} catch (error) {
  const lines =
    error instanceof StartupError
      ? error.lines
      : [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  for (const line of lines) process.stderr.write(`notes-api: ${line}\n`)
  process.exit(1)
}
