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

/** A supervisor kills after ten seconds, as a rule; this is a little before. */
const STOP_DEADLINE_MS = 9_500
const SAME_KEYSTROKE_MS = 300

/** The process: environment, signals and exit codes. */
async function main(): Promise<void> {
  const { values } = readArguments()
  if (values.help === true) return void process.stdout.write(helpText(loadDocument().version))
  if (values.version === true) return void process.stdout.write(`${loadDocument().version}\n`)

  const config = loadConfig(readEnvironment())
  const log = createLog({ level: config.logLevel, format: config.logFormat })
  // Compiled code is kept beside the packages, whoever may write there: the next start takes a third less time.
  enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/compile', import.meta.url)))
  let starting: Promise<RunningServer> | undefined
  let stopping = 0

  const stop = async (reason: string, exitCode: number): Promise<void> => {
    if (stopping > 0) {
      // In a terminal, npm passes on the Ctrl-C that reached us already; only one that comes later means "at once".
      if (exitCode === 0 && performance.now() - stopping > SAME_KEYSTROKE_MS) process.exit(1)
      return
    }
    stopping = performance.now()
    setTimeout(() => process.exit(1), STOP_DEADLINE_MS).unref()
    log.info(`${reason}; finishing what is under way`)
    const server = await starting?.catch(() => undefined)
    await server?.stop()
    log.info('stopped')
    process.exit(exitCode)
  }
  process.on('SIGTERM', () => void stop('asked to stop', 0))
  process.on('SIGINT', () => void stop('interrupted', 0))
  const crash = (error: unknown): void => {
    log.fatal({ err: error }, 'a fault that nobody handled')
    void stop('stopping after a fault', 1)
  }
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)

  const listener = await listen(config, log)
  // Only now, because it loads everything: `--help`, a wrong setting and a taken port are answered in a moment.
  const { start } = await import('./start.ts')
  starting = start(config, listener, log, (reason) => {
    log.fatal(`the embedded PostgreSQL ended: ${reason}`)
    void stop('stopping without a database', 1)
  })
  const server = await starting
  try {
    await server.ready
  } catch (error) {
    await server.stop()
    throw error
  }
  if (stopping === 0) log.info(`notes-api serves at ${server.url}, with its documentation at ${server.url}/docs`)
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
