import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { createApp } from './app.ts'
import { createAuthenticate } from './auth/bearer.ts'
import { loadOrCreateSecretKey } from './auth/secret-key.ts'
import { createTokens, deriveKey } from './auth/tokens.ts'
import type { Config } from './config.ts'
import { loadDocument } from './contract/document.ts'
import { type Connection, createDatabase, type Database } from './db/database.ts'
import { embeddedConnection, startEmbedded } from './db/embedded.ts'
import { migrate } from './db/migrate.ts'
import { isOutage, isRefusedLogin, reasonOf } from './db/pg-errors.ts'
import { ping } from './db/ping.ts'
import { createHandlers } from './handlers.ts'
import { createCursors } from './notes/cursor.ts'
import { keepHouse } from './notes/housekeeping.ts'
import { listen } from './server.ts'
import { StartupFault } from './startup-fault.ts'

export interface RunningServer {
  readonly url: string
  /** Resolves when the server serves; rejects with a StartupFault when it never will. */
  readonly ready: Promise<void>
  /** Finishes what is under way, then closes everything. May be called again. */
  readonly stop: () => Promise<void>
}

const RETRY_MS = 500
const HOUSEKEEPING_MS = 3_600_000
/** A statement that is stuck does not keep the server from stopping. */
const POOL_END_MS = 1_000

/** Starts a whole server. Throws a StartupFault for a reason that the operator can mend. */
export async function start(config: Config, log: Logger, onDatabaseExit: (reason: string) => void): Promise<RunningServer> {
  const document = loadDocument()
  const listener = await listen(config, log)
  const closers: (() => Promise<void>)[] = [listener.close]
  const stopAll = async (): Promise<void> => {
    for (const close of closers) await close().catch((error: unknown) => log.error({ err: error }, 'a part did not stop'))
  }
  const phase = { now: 'starting' as 'starting' | 'ready' | 'stopping' }
  let stopping: Promise<void> | undefined
  try {
    // PostgreSQL comes up in a process of its own while this one compiles the contract.
    const { connection, started } = openDatabase(config, log, onDatabaseExit, closers)
    const db = createDatabase({
      connection,
      poolSize: config.poolSize,
      onIdleError: (error) => log.warn({ err: error }, 'a database connection was lost'),
    })
    closers.splice(1, 0, () => Promise.race([db.destroy(), delay(POOL_END_MS, undefined, { ref: false })]))
    const secretKey = config.secretKey ?? (await loadOrCreateSecretKey(config.dataDir))
    const tokens = createTokens(secretKey, config.accessTokenSeconds)
    const whyNotReady = async (): Promise<string | undefined> => {
      if (phase.now === 'stopping') return 'The server is shutting down.'
      if (phase.now === 'ready' && (await ping(db))) return undefined
      return 'The database is not reachable.'
    }
    const handlers = await createHandlers({
      db,
      tokens,
      refreshTokenSeconds: config.refreshTokenSeconds,
      historyVersions: config.historyVersions,
      trashDays: config.trashDays,
      cursors: createCursors(deriveKey(secretKey, 'cursor')),
      version: document.version,
      whyNotReady,
    })
    const app = await createApp({
      document,
      handlers,
      authenticate: createAuthenticate(db, tokens),
      replies: config.replyValidation,
      corsOrigins: config.corsOrigins,
      log,
      // Until the migrations are through, tables may be missing: that too is a database that is not there yet.
      isOutage: (error) => isOutage(error) || phase.now === 'starting',
    })
    await started
    listener.serve(app)
    const ready = awaitDatabase(connection, log, () => phase.now === 'stopping').then(() => {
      if (phase.now === 'starting') phase.now = 'ready'
      void keepHousekeeping(db, config, log, () => phase.now === 'stopping')
    })
    const stop = (): Promise<void> => {
      phase.now = 'stopping'
      stopping ??= stopAll()
      return stopping
    }
    return { url: listener.url, ready, stop }
  } catch (error) {
    await stopAll()
    throw error
  }
}

/** Looks after trash and histories, now and every hour. What fails is told and tried again the next time. */
async function keepHousekeeping(db: Database, config: Config, log: Logger, isStopping: () => boolean): Promise<void> {
  while (!isStopping()) {
    await keepHouse(db, config, isStopping).catch((error: unknown) => {
      if (!isStopping()) log.warn({ err: error }, 'the trash and the histories could not be looked after')
    })
    await delay(HOUSEKEEPING_MS, undefined, { ref: false })
  }
}

/** Where the database is; the embedded one is started for it, and `started` tells when or why not. */
function openDatabase(
  config: Config,
  log: Logger,
  onExit: (reason: string) => void,
  closers: (() => Promise<void>)[],
): { connection: Connection; started: Promise<void> } {
  if (config.databaseUrl !== undefined) return { connection: config.databaseUrl, started: Promise.resolve() }
  const starting = startEmbedded({ dataDir: config.dataDir, log: (line) => log.info(line), onExit })
  const started = starting.then(() => undefined)
  // Whoever awaits `started` hears of a failure; until somebody does, it is not unhandled.
  started.catch(() => undefined)
  closers.push(() =>
    starting.then(
      (embedded) => embedded.stop(),
      () => undefined,
    ),
  )
  return { connection: embeddedConnection(config.dataDir), started }
}

/** Applies the migrations as soon as the database is there. A database that only is not there yet is waited for. */
async function awaitDatabase(connection: Connection, log: Logger, isStopping: () => boolean): Promise<void> {
  let told = false
  while (!isStopping()) {
    try {
      const applied = await migrate(connection)
      if (applied.length > 0) log.info({ migrations: applied }, 'the database was migrated')
      return
    } catch (error) {
      if (error instanceof StartupFault) throw error
      const reason = reasonOf(error)
      if (isRefusedLogin(error)) throw new StartupFault(`DATABASE_URL: PostgreSQL refuses the login: ${reason}`)
      if (!isOutage(error)) throw new StartupFault(`DATABASE_URL: the database cannot be migrated: ${reason}`)
      if (!told && !isStopping()) log.warn(`the database is not there yet (${reason}); waiting for it`)
      told = true
      await delay(RETRY_MS)
    }
  }
}
