/**
 * `npm run admin -- <command>`: manages accounts and the change feed in the database of the server, which may keep
 * running.
 * Exit 0: done; 1: not done, with the reason; 2: wrong usage or settings.
 */
import { parseArgs } from 'node:util'
import { loadConfig } from '../config/config.ts'
import { createDatabase } from '../db/database.ts'
import { embeddedConnection } from '../db/embedded/embedded.ts'
import { isOutage, isRefusedLogin, reasonOf } from '../db/pg-errors.ts'
import { readEnvironment } from '../config/environment.ts'
import { StartupError } from '../startup-error.ts'
import { commands, helpText, Refusal, UsageError } from './commands.ts'

process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const { name, args } = readArguments()
    if (name === 'help') {
      print(helpText())
      return 0
    }
    await run(name, args)
    return 0
  } catch (error) {
    const [code, lines] = explain(error)
    for (const line of lines) process.stderr.write(`notes-api admin: ${line}\n`)
    return code
  }
}

function readArguments(): { name: keyof typeof commands | 'help'; args: readonly string[] } {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' } },
  })
  const [name = 'help', ...args] = positionals
  if (values.help === true || name === 'help') return { name: 'help', args: [] }
  if (!isCommand(name)) throw new UsageError(`there is no command ${name}`)
  const { parameters } = commands[name]
  if (args.length !== parameters.length)
    throw new UsageError(`${name} takes ${parameters.length === 0 ? 'no arguments' : parameters.join(' ')}`)
  return { name, args }
}

async function run(name: keyof typeof commands, args: readonly string[]): Promise<void> {
  const config = loadConfig(readEnvironment().values)
  const connection = config.databaseUrl ?? embeddedConnection(config.dataDir)
  const isPooled = config.databasePooler !== 'none'
  const db = createDatabase({ connection, poolSize: 1, isPooled, onIdleError: () => undefined })
  try {
    await commands[name].run({ db, print }, args[0] ?? '')
  } finally {
    await db.destroy()
  }
}

function explain(error: unknown): readonly [code: number, lines: readonly string[]] {
  if (error instanceof Refusal) return [1, [error.message]]
  if (error instanceof StartupError) return [2, error.lines]
  const isUsage = error instanceof UsageError || (error instanceof TypeError && 'code' in error)
  if (isUsage) return [2, [`${error.message}; try npm run admin -- --help`]]
  if (isOutage(error) && !isRefusedLogin(error)) {
    return [1, [`the database is not reachable (${reasonOf(error)}); the embedded one runs only while the server does`]]
  }
  return [1, [reasonOf(error)]]
}

function isCommand(name: string): name is keyof typeof commands {
  return Object.hasOwn(commands, name)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
