import { loadSecretKey, storeSecretKey } from '../auth/secret-key.ts'
import type { Config } from '../config/config.ts'
import { connectionConfig } from '../db/database.ts'
import { finish, load } from './load.ts'
import { inSession, type Target, targetOf, withEmbedded } from './open-direct.ts'
import type { Progress } from './progress.ts'
import type { VerifiedBackup } from './read-backup.ts'

interface RestoreOptions {
  readonly replaces: boolean
  readonly progress: Progress
  readonly signal: AbortSignal
}

/**
 * Puts a backup into the database of these settings and its key where the server reads it. The embedded database is
 * started for it; its lock keeps servers away.
 */
export async function restoreBackup(backup: VerifiedBackup, config: Config, options: RestoreOptions): Promise<void> {
  const target = targetOf(config)
  if (config.databaseUrl !== undefined) {
    const names = ['notes-api', String(connectionConfig(config.databaseUrl).application_name)]
    await loadInto(target, names, backup, options)
  } else {
    await withEmbedded(config.dataDir, options, () => loadInto(target, [], backup, options))
  }
  await restoreKey(backup.secretKey, config, options.progress)
}

function loadInto(
  target: Target,
  serverNames: readonly string[],
  backup: VerifiedBackup,
  { replaces, progress, signal }: RestoreOptions,
): Promise<void> {
  return inSession(target, 'notes-api restore', async (client) => {
    const breakOff = (): void => void client.end()
    signal.addEventListener('abort', breakOff, { once: true })
    signal.throwIfAborted()
    await load(client, backup, { setting: target.setting, serverNames, replaces, progress })
    // The commit comes now: it is too late to break off, and to say that nothing was changed.
    signal.removeEventListener('abort', breakOff)
    await finish(client)
  })
}

async function restoreKey(secretKey: string, { secretKey: given, dataDir }: Config, { say }: Progress): Promise<void> {
  if (given === undefined) {
    if ((await loadSecretKey(dataDir)) === secretKey) return
    await storeSecretKey(dataDir, secretKey)
    say(`the secret key of the backup is now in ${dataDir}`)
  } else if (given !== secretKey) {
    say(
      'the backup was made with another SECRET_KEY than the one that is set: with this one, access tokens are refused',
    )
    say('until clients refresh them. To go on with the other one, set SECRET_KEY to what --show-key prints')
  }
}
