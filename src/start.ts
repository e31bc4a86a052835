import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { loadOrCreateSecretKey } from './auth/secret-key.ts'
import { startBackups } from './backup/automatic.ts'
import { targetOf } from './backup/open-direct.ts'
import { compose } from './compose.ts'
import type { Config } from './config/config.ts'
import { defaultStopDelay } from './config/stop-delay.ts'
import { loadDocument } from './contract/document/document.ts'
import type { BoundedPool } from './db/bounded-pool.ts'
import { type Connection, createDatabase, createPool, type Database } from './db/database.ts'
import { embeddedConnection, startEmbedded } from './db/embedded/embedded.ts'
import { isOutage, reasonOf } from './db/pg-errors.ts'
import { ping } from './db/ping.ts'
import { prepareDatabase, type PreparedDatabase } from './db/prepare.ts'
import { startHousekeeping } from './housekeeping.ts'
import type { Listener } from './listener.ts'
import { StartupError } from './startup-error.ts'

export interface RunningServer {
  readonly url: string
  /** Resolves when the server is ready; rejects with a StartupError if it never will be. */
  readonly ready: Promise<void>
  /** Finishes the requests under way, then closes everything. May be called again. */
  readonly stop: () => Promise<void>
}

interface Phase {
  now: 'starting' | 'ready' | 'stopping'
}

const RETRY_MS = 500
/** A stuck statement must not keep the server from stopping. */
const POOL_END_MS = 1_000

/**
 * Starts a whole server behind a listener. Throws a StartupError for a reason that the operator can fix. The signal
 * breaks the start off; once the server is there, use `stop`.
 */
export async function start(
  config: Config,
  listener: Listener,
  log: Logger,
  signal: AbortSignal,
): Promise<RunningServer> {
  const phase: Phase = { now: 'starting' }
  // Closed in reverse order: chores, requests under way, the parts of the application, connections, the database.
  await using stack = new AsyncDisposableStack()
  // PostgreSQL starts in its own process while this one compiles the contract.
  const { connection, started } = openDatabase(config, log, signal, stack)
  const isPooled = config.databasePooler !== 'none'
  const { db, pool } = openPool(connection, { poolSize: config.poolSize, isPooled }, log, phase, stack)
  const document = loadDocument()
  // A database that cannot start either says more about DATA_DIR than a key that cannot be written.
  const secretKeys = await secretKeysOf(config).catch((error: unknown) => started.then(() => Promise.reject(error)))
  const application = await compose({
    settings: config,
    secretKeys,
    document,
    db,
    log,
    connectionWait: pool.waitedMs,
    whyNotReady: async () => {
      if (phase.now === 'stopping') return 'The server is shutting down.'
      if (phase.now === 'ready' && (await ping(db))) return undefined
      return 'The database is not reachable.'
    },
    // Until the migrations are applied, tables may be missing, so any error counts as an outage.
    isOutage: (error) => isOutage(error) || phase.now === 'starting',
  })
  stack.use(application)
  await started
  listener.serve(application.app)
  stack.defer(() => listener.close(config.stopDelaySeconds ?? defaultStopDelay(process.stdout.isTTY)))

  const parts = stack.move()
  const database = { connection, isPooled, migrationConnection: config.migrationDatabaseUrl }
  const ready = awaitDatabase(database, log, () => phase.now === 'stopping').then(() => {
    if (phase.now !== 'starting') return
    phase.now = 'ready'
    parts.defer(
      startHousekeeping(application.chores, (error) => log.warn({ err: error }, 'old rows could not be deleted')),
    )
    deferBackups(config, { secretKey: secretKeys[0], appVersion: document.version }, log, parts)
  })
  let stopping: Promise<void> | undefined
  const stop = (): Promise<void> => {
    phase.now = 'stopping'
    application.endStreams()
    stopping ??= parts.disposeAsync().catch((error: unknown) => log.error({ err: error }, 'a part did not stop'))
    return stopping
  }
  return { url: listener.url, ready, stop }
}

/** Makes backups from now on until the server stops, if they are wanted. */
function deferBackups(
  config: Config,
  source: { readonly secretKey: string; readonly appVersion: string },
  log: Logger,
  stack: AsyncDisposableStack,
): void {
  const { backupEverySeconds: everySeconds, backupKeep: keep, backupDir, dataDir } = config
  if (everySeconds === undefined) return
  const directory = backupDir ?? join(dataDir, 'backups')
  stack.defer(startBackups({ source: { target: targetOf(config), ...source }, directory, everySeconds, keep, log }))
}

/** The first key signs; all are accepted. */
async function secretKeysOf(config: Config): Promise<[string, ...string[]]> {
  const secretKey = config.secretKey ?? (await loadOrCreateSecretKey(config.dataDir))
  return [secretKey, ...(config.secretKeyAccepted === undefined ? [] : [config.secretKeyAccepted])]
}

function openPool(
  connection: Connection,
  options: { readonly poolSize: number; readonly isPooled: boolean },
  log: Logger,
  phase: Phase,
  stack: AsyncDisposableStack,
): { readonly db: Database; readonly pool: BoundedPool } {
  const pool = createPool({
    connection,
    ...options,
    onIdleError: (error) => {
      if (phase.now !== 'stopping') log.warn(`a database connection was lost (${reasonOf(error)})`)
    },
  })
  const db = createDatabase(pool)
  stack.defer(() => Promise.race([db.destroy(), delay(POOL_END_MS, undefined, { ref: false })]))
  return { db, pool }
}

/** Returns where the database is. Starts the embedded one; `started` resolves when it runs and rejects if it fails. */
function openDatabase(
  config: Config,
  log: Logger,
  signal: AbortSignal,
  stack: AsyncDisposableStack,
): { connection: Connection; started: Promise<void> } {
  if (config.databaseUrl !== undefined) return { connection: config.databaseUrl, started: Promise.resolve() }
  const starting = startEmbedded({
    dataDir: config.dataDir,
    log: (line) => log.info(line),
    report: (event, line) => log[event === 'up' ? 'info' : 'error'](line),
    signal,
  })
  const started = starting.then(() => undefined)
  // A failure is handled where `started` is awaited; until then it must not count as unhandled.
  started.catch(() => undefined)
  stack.defer(() =>
    starting.then(
      (embedded) => embedded.stop(),
      () => undefined,
    ),
  )
  return { connection: embeddedConnection(config.dataDir), started }
}

/** Applies the migrations as soon as the database is reachable, and waits until it is. */
async function awaitDatabase(database: PreparedDatabase, log: Logger, isStopping: () => boolean): Promise<void> {
  let reported = false
  while (!isStopping()) {
    try {
      const applied = await prepareDatabase(database)
      if (applied.length > 0) log.info({ migrations: applied }, 'the database was migrated')
      return
    } catch (error) {
      if (error instanceof StartupError) throw error
      if (!reported && !isStopping()) log.warn(`the database is not reachable yet (${reasonOf(error)}); waiting for it`)
      reported = true
      await delay(RETRY_MS)
    }
  }
}
