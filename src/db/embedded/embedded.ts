import { chownSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { StartupError } from '../../startup-error.ts'
import { accountFor } from './account.ts'
import { embeddedBinaries } from './binaries.ts'
import { ensureCluster } from './cluster.ts'
import { clusterIn, prepareDataDir } from './data-dir.ts'
import { launch } from './launch.ts'
import { lockDataDir } from './lock.ts'
import { reasonOf } from './messages.ts'
import { type EmbeddedConnection, embeddedConnection } from './socket.ts'
import { type Report, supervise } from './supervisor.ts'

export { embeddedConnection } from './socket.ts'

export interface EmbeddedPostgres {
  readonly connection: EmbeddedConnection
  /** Fast shutdown; resolves when postgres has exited. May be called again. */
  stop(): Promise<void>
}

export interface EmbeddedOptions {
  readonly dataDir: string
  /** PostgreSQL settings that override ours, such as `fsync: 'off'` for tests. */
  readonly settings?: Readonly<Record<string, string>>
  readonly log?: (line: string) => void
  /** PostgreSQL ended by itself, cannot be started again, or runs again. */
  readonly report?: Report
  /** Breaks off a start; afterwards use `stop`. */
  readonly signal?: AbortSignal
}

/** Crash recovery reads about max_wal_size; a disk that takes longer than this for it is broken. */
const READY_WITHIN_MS = 120_000

/**
 * Starts PostgreSQL in this directory, which is created if need be, and starts it again whenever it ends. Throws a
 * StartupError if the first start fails.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir)
  const { log = () => {}, report = () => {}, settings = {}, signal = new AbortController().signal } = options
  const isNew = prepareDataDir(dataDir)
  const account = accountFor(dataDir, clusterIn(dataDir))
  const lock = await lockDataDir(dataDir, account)
  try {
    const binaries = embeddedBinaries(dataDir, account, log)
    const fast = settings['fsync'] === 'off'
    await ensureCluster(dataDir, account, binaries, { sync: !fast, log, signal })
    // A directory that root creates inside a user's directory is given to that user, who owns its parent anyway. Any
    // other account (the owner of the project, or `nobody`) does not get it: it could replace files that root opens.
    if (isNew && account !== undefined && statSync(dirname(dataDir)).uid === account.uid) {
      chownSync(dataDir, account.uid, account.gid)
    }
    const launchable = { dataDir, account, binaries, settings, log }
    const first = await launch(launchable, READY_WITHIN_MS, signal).catch((error: unknown) => {
      const reason = reasonOf(error)
      throw new StartupError(`DATA_DIR (${dataDir}): ${reason} (see postgres.log there, or set DATABASE_URL).`)
    })
    const supervisor = supervise(first, launchable, report)
    let stopping: Promise<void> | undefined
    return {
      connection: embeddedConnection(dataDir),
      // This reference also keeps the lock from being garbage-collected, which would release it.
      stop: () => (stopping ??= supervisor.stop().finally(() => lock.release())),
    }
  } catch (error) {
    lock.release()
    if (error instanceof StartupError) throw error
    throw new StartupError(`DATA_DIR (${dataDir}): PostgreSQL cannot start: ${reasonOf(error)} (or set DATABASE_URL).`)
  }
}
