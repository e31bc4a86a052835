/**
 * `npm run restore -- FILE`: puts a backup into an empty database, or with `--replace` into one that is given up. The
 * file is read as a whole before anything is touched.
 */
import { parseArgs } from 'node:util'
import { loadConfig } from '../config/config.ts'
import { readEnvironment } from '../config/environment.ts'
import { reasonOf } from '../db/pg-errors.ts'
import { Refusal } from '../command-errors.ts'
import { BadBackup } from './bad-backup.ts'
import { fileArgument, runCommand } from './command.ts'
import { requireKnownSchema } from './load.ts'
import type { Progress } from './progress.ts'
import { type VerifiedBackup, verifyBackup } from './read-backup.ts'
import { restoreBackup } from './restore-backup.ts'

const HELP = `Usage: npm run restore -- FILE [--replace | --check | --show-key]

Puts a backup into the database of these settings, while no server runs on it. The file is checked as a whole first;
then everything is restored, or nothing is changed.

  --replace     gives up what is in the database; without it, the database has to be empty
  --check       only checks the file
  --show-key    only checks the file, and prints its secret key to the standard output

Exit code: 0 done, 1 not done, 2 wrong command or settings.
`

process.exitCode = await runCommand({
  name: 'restore',
  help: HELP,
  run: async ({ progress, breakable }) => {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: { replace: { type: 'boolean' }, check: { type: 'boolean' }, 'show-key': { type: 'boolean' } },
    })
    const file = fileArgument(positionals)
    const backup = await verified(file, progress)
    if (values['show-key'] === true) process.stdout.write(`${backup.secretKey}\n`)
    if (values['show-key'] === true || values.check === true) return
    const config = loadConfig(readEnvironment().values)
    const began = performance.now()
    const options = { replaces: values.replace === true, progress, signal: breakable() }
    await naming(file, () => restoreBackup(backup, config, options))
    progress.say(`restored in ${((performance.now() - began) / 1_000).toFixed(1)} s; start the server`)
  },
})

async function verified(file: string, progress: Progress): Promise<VerifiedBackup> {
  try {
    const backup = await naming(file, async () => {
      const made = await verifyBackup(file, progress)
      requireKnownSchema(made.manifest)
      return made
    })
    const { created_at, app_version, tables } = backup.manifest
    const notes = tables.find(({ name }) => name === 'notes')?.rows ?? 0
    progress.say(`${file} is whole: ${notes} notes as of ${created_at}, from notes-api ${app_version}`)
    return backup
  } catch (error) {
    throw error instanceof Error && 'syscall' in error
      ? new Refusal(`${file} cannot be read: ${reasonOf(error)}`)
      : error
  }
}

/** What is wrong with a file is printed after its name. */
async function naming<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof BadBackup ? new Refusal(`${file} ${error.message}; nothing was changed`) : error
  }
}
