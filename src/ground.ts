import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { loadOrCreateSecretKey } from './auth/secret-key.ts'
import { startBackups } from './backup/automatic.ts'
import { targetOf } from './backup/open-direct.ts'
import type { Config } from './config/config.ts'
import type { Connection } from './db/database.ts'
import { embeddedConnection, startEmbedded } from './db/embedded/embedded.ts'
import { reasonOf } from './db/pg-errors.ts'
import { prepareDatabase, type PreparedDatabase } from './db/prepare.ts'
import { StartupError } from './startup-error.ts'

/** The first key signs; all are accepted. */
export type SecretKeys = readonly [string, ...string[]]

/** What an application stands on: a database that is migrated, and keys. */
export interface Ground {
  readonly connection: Connection
  /** Rejects with a StartupError. */
  readonly keys: Promise<SecretKeys>
  /** Resolves when the embedded database runs, at once for another one. Rejects with a StartupError. */
  readonly started: Promise<void>
  /** Waits for the database and migrates it. Rejects with a StartupError if that needs the operator. */
  readonly prepare: (isStopping: () => boolean) => Promise<void>
  /** Begins what one process of a server does for all. Called once, when the database is prepared. */
  readonly startChores: (stack: AsyncDisposableStack, appVersion: string) => void
}

interface GroundOptions {
  readonly config: Config
  readonly log: Logger
  /** Breaks off a start. */
  readonly signal: AbortSignal
  /** Stops the database. */
  readonly stack: AsyncDisposableStack
}

const RETRY_MS = 500

/** The ground of a whole server, on the embedded database or another one. Each server has one, whatever its workers. */
export function openGround({ config, log, signal, stack }: GroundOptions): Ground {
  const started = openDatabase(config, log, signal, stack)
  // A database that cannot start says more about DATA_DIR than a key that cannot be written.
  const keys = loadKeys(config).catch((error: unknown) => started.then(() => Promise.reject(error)))
  // A failure is handled where it is awaited; until then it must not count as unhandled.
  keys.catch(() => undefined)
  const database = databaseOf(config)
  return {
    connection: database.connection,
    keys,
    started,
    prepare: (isStopping) =>
      whenReachable(log, isStopping, async () => {
        const applied = await prepareDatabase(database)
        if (applied.length > 0) log.info({ migrations: applied }, 'the database was migrated')
      }),
    startChores: (parts, appVersion) => {
      const { backupEverySeconds: everySeconds, backupKeep: keep, backupDir, dataDir } = config
      if (everySeconds === undefined) return
      const directory = backupDir ?? join(dataDir, 'backups')
      const stop = keys.then(([secretKey]) =>
        startBackups({
          source: { target: targetOf(config), secretKey, appVersion },
          directory,
          everySeconds,
          keep,
          log,
        }),
      )
      parts.defer(async () => (await stop)())
    },
  }
}

/** The database as prepare.ts knows it. */
export function databaseOf(config: Config): PreparedDatabase {
  return {
    connection: config.databaseUrl ?? embeddedConnection(config.dataDir),
    isPooled: config.databasePooler !== 'none',
    migrationConnection: config.migrationDatabaseUrl,
    pools: { size: config.poolSize, processes: processesOf(config) },
  }
}

/** Tries again until the database is reachable; only a StartupError ends it earlier. */
export async function whenReachable(log: Logger, isStopping: () => boolean, work: () => Promise<void>): Promise<void> {
  let reported = false
  while (!isStopping()) {
    try {
      await work()
      return
    } catch (error) {
      if (error instanceof StartupError) throw error
      if (!reported && !isStopping()) log.warn(`the database is not reachable yet (${reasonOf(error)}); waiting for it`)
      reported = true
      await delay(RETRY_MS)
    }
  }
}

async function loadKeys(config: Config): Promise<SecretKeys> {
  const secretKey = config.secretKey ?? (await loadOrCreateSecretKey(config.dataDir))
  return [secretKey, ...(config.secretKeyAccepted === undefined ? [] : [config.secretKeyAccepted])]
}

/** Starts the embedded database, if it is used. Resolves when it runs, and rejects if it fails. */
function openDatabase(config: Config, log: Logger, signal: AbortSignal, stack: AsyncDisposableStack): Promise<void> {
  if (config.databaseUrl !== undefined) return Promise.resolve()
  const starting = startEmbedded({
    dataDir: config.dataDir,
    settings: { max_connections: String(embeddedConnections(config)) },
    log: (line) => log.info(line),
    report: (event, line) => log[event === 'up' ? 'info' : 'error'](line),
    signal,
  })
  const started = starting.then(() => undefined)
  started.catch(() => undefined)
  stack.defer(() =>
    starting.then(
      (embedded) => embedded.stop(),
      () => undefined,
    ),
  )
  return started
}

const MIN_CONNECTIONS = 50
/** For backups, the operator's commands and PostgreSQL's own. */
const OTHER_CONNECTIONS = 20

function embeddedConnections(config: Config): number {
  return Math.max(MIN_CONNECTIONS, processesOf(config) * config.poolSize + OTHER_CONNECTIONS)
}

/** How many processes have a pool: during a reload, one worker more. */
function processesOf({ workers }: Config): number {
  return workers === 1 ? 1 : workers + 1
}
