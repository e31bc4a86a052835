/**
 * `npm run backup -- FILE`: writes everything that the server keeps into a file, while the server runs. Without one, it
 * starts the embedded database for that time. Progress goes to stderr.
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { loadSecretKey } from '../auth/secret-key.ts'
import { loadConfig } from '../config/config.ts'
import { readEnvironment } from '../config/environment.ts'
import { clusterIn } from '../db/embedded/data-dir.ts'
import { isOutage } from '../db/pg-errors.ts'
import { loadDocument } from '../contract/document/document.ts'
import { Refusal } from '../command-errors.ts'
import { fileArgument, runCommand } from './command.ts'
import { targetOf, withEmbedded } from './open-direct.ts'
import { megabytes } from './progress.ts'
import { looksLikeBackup } from './seal.ts'
import { writeBackup } from './write-backup.ts'

const HELP = `Usage: npm run backup -- FILE

Writes a backup of the server that has the same settings, which may keep running: all accounts, notes, versions,
sessions and keys, and the secret key. Keep the file as safe as the server itself. A backup of that name is replaced.

Exit code: 0 done, 1 not done, 2 wrong command or settings.
`

process.exitCode = await runCommand({
  name: 'backup',
  help: HELP,
  run: async ({ progress, breakable }) => {
    const file = fileArgument(parseArgs({ allowPositionals: true }).positionals)
    const config = loadConfig(readEnvironment().values)
    if (existsSync(file) && !(await looksLikeBackup(file)))
      throw new Refusal(`${file} is there already and is not a backup: give another name`)
    const secretKey = config.secretKey ?? (await loadSecretKey(config.dataDir))
    if (secretKey === undefined) throw new Refusal(`there is no secret key in ${config.dataDir}: start the server once`)
    const source = { target: targetOf(config), secretKey, appVersion: loadDocument().version }
    const options = { progress, signal: breakable() }
    const { notes, bytes, seconds } = await writeBackup(source, file, options).catch((error: unknown) => {
      const isStopped = config.databaseUrl === undefined && isOutage(error) && existsSync(clusterIn(config.dataDir))
      if (!isStopped || options.signal.aborted) throw error
      return withEmbedded(config.dataDir, options, () => writeBackup(source, file, options))
    })
    progress.say(`wrote ${file}: ${notes} notes, ${megabytes(bytes)}, in ${seconds.toFixed(1)} s`)
    progress.say('it holds the secret key and all notes in plain text: keep it as safe as the server itself')
  },
})
