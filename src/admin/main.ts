/**
 * `npm run admin -- <command>`: manages accounts and the change feed in the database of the server, which may keep
 * running.
 * Exit 0: done; 1: not done, with the reason; 2: wrong usage or settings.
 */
import { loadOrCreateSecretKey } from '../auth/secret-key.ts'
import { loadConfig } from '../config/config.ts'
import { createDatabase } from '../db/database.ts'
import { embeddedConnection } from '../db/embedded/embedded.ts'
import { readEnvironment } from '../config/environment.ts'
import { explainFailure } from '../command-errors.ts'
import type { Command, Given } from './command.ts'
import { readCommandLine } from './command-line.ts'
import { helpDocument, helpText } from './commands.ts'
import { createOutput, type Output } from './output.ts'

// With `| head`, standard output closes early. Stop without an error message.
process.stdout.on('error', () => process.exit(1))
process.exitCode = await main()

async function main(): Promise<number> {
  try {
    const { command, ...given } = readCommandLine(process.argv.slice(2))
    const output = createOutput(process.stdout, given.options.json !== undefined)
    if (command === undefined) await output.tell(helpDocument(), [helpText()])
    else await run(command, given, output)
    return 0
  } catch (error) {
    const [code, lines] = explainFailure(error, {
      name: 'admin',
      outage: '; the embedded one runs only while the server does',
    })
    for (const line of lines) process.stderr.write(`notes-api admin: ${line}\n`)
    return code
  }
}

async function run(command: Command, given: Given, output: Output): Promise<void> {
  const config = loadConfig(readEnvironment().values)
  const connection = config.databaseUrl ?? embeddedConnection(config.dataDir)
  const isPooled = config.databasePooler !== 'none'
  const db = createDatabase({ connection, poolSize: 1, isPooled, isPatient: true, onIdleError: () => undefined })
  const secretKey = async (): Promise<string> => config.secretKey ?? loadOrCreateSecretKey(config.dataDir)
  try {
    await command.run({ db, output, secretKey }, given)
  } finally {
    await db.destroy()
  }
}
