import { readFileSync } from 'node:fs'
import { parseArgs, parseEnv } from 'node:util'
import { loadConfig } from './config.ts'
import { loadDocument } from './contract/document.ts'
import { createLog } from './log.ts'
import { helpText } from './settings.ts'
import { type RunningServer, start } from './start.ts'
import { StartupFault } from './startup-fault.ts'

/** The process: environment, signals and exit codes. Nothing else reads process.env. */
async function main(): Promise<void> {
  const { values } = readArguments()
  if (values.help === true) return void process.stdout.write(helpText(loadDocument().version))
  if (values.version === true) return void process.stdout.write(`${loadDocument().version}\n`)

  const config = loadConfig({ ...readEnvFile(), ...process.env })
  const log = createLog({ level: config.logLevel, format: config.logFormat })
  let server: RunningServer | undefined
  let stopping = false

  const stop = async (reason: string, exitCode: number): Promise<void> => {
    if (stopping) {
      if (exitCode === 0) process.exit(1)
      return
    }
    stopping = true
    log.info(`${reason}; finishing what is under way`)
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

  server = await start(config, log, (reason) => {
    log.fatal(`the embedded PostgreSQL ended: ${reason}`)
    void stop('stopping without a database', 1)
  })
  try {
    await server.ready
  } catch (error) {
    await server.stop()
    throw error
  }
  if (!stopping) log.info(`notes-api serves at ${server.url}, with its documentation at ${server.url}/docs`)
}

function readArguments() {
  try {
    return parseArgs({ options: { help: { type: 'boolean', short: 'h' }, version: { type: 'boolean', short: 'v' } } })
  } catch (error) {
    throw new StartupFault(`${error instanceof Error ? error.message : String(error)} (try --help)`)
  }
}

function readEnvFile(): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync('.env', 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw new StartupFault(`.env cannot be read: ${String(error)}`)
  }
}

try {
  await main()
} catch (error) {
  const lines = error instanceof StartupFault ? error.lines : [error instanceof Error ? (error.stack ?? error.message) : String(error)]
  for (const line of lines) process.stderr.write(`notes-api: ${line}\n`)
  process.exit(1)
}
