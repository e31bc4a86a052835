import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { createApp } from './app.ts'
import { createAuth } from './auth/auth.ts'
import { createAuthenticate } from './auth/bearer.ts'
import { loadOrCreateSecretKey } from './auth/secret-key.ts'
import { purge } from './auth/purge.ts'
import type { Config } from './config/config.ts'
import { loadDocument } from './contract/document/document.ts'
import { type Connection, createDatabase } from './db/database.ts'
import { embeddedConnection, startEmbedded } from './db/embedded/embedded.ts'
import { migrate } from './db/migrate.ts'
import { isOutage, isRefusedLogin, reasonOf } from './db/pg-errors.ts'
import { ping } from './db/ping.ts'
import { createHandlers } from './handlers.ts'
import { createClientOf } from './http/client.ts'
import { type Chore, startHousekeeping } from './housekeeping.ts'
import { purgeNotes } from './notes/purge.ts'
import { createTextWork } from './text/text-work.ts'
import type { Listener } from './listener.ts'
import { StartupError } from './startup-error.ts'

export interface RunningServer {
  readonly url: string
  /** Resolves when the server serves; rejects with a StartupError when it never will. */
  readonly ready: Promise<void>
  /** Finishes what is under way, then closes everything. May be called again. */
  readonly stop: () => Promise<void>
}

const RETRY_MS = 500
/** A statement that is stuck does not keep the server from stopping. */
const POOL_END_MS = 1_000

/** Starts a whole server behind a listener. Throws a StartupError for a reason that the operator can mend. */
export async function start(
  config: Config,
  listener: Listener,
  log: Logger,
  onDatabaseExit: (reason: string) => void,
): Promise<RunningServer> {
  const document = loadDocument()
  const closers: (() => Promise<void>)[] = [listener.close]
  const stopAll = async (): Promise<void> => {
    for (const close of closers)
      await close().catch((error: unknown) => log.error({ err: error }, 'a part did not stop'))
  }
  const phase = { now: 'starting' as 'starting' | 'ready' | 'stopping' }
  let stopping: Promise<void> | undefined
  try {
    // PostgreSQL comes up in a process of its own while this one compiles the contract.
    const { connection, started } = openDatabase(config, log, onDatabaseExit, closers)
    const db = createDatabase({
      connection,
      poolSize: config.poolSize,
      onIdleError: (error) => {
        if (phase.now !== 'stopping') log.warn({ err: error }, 'a database connection was lost')
      },
    })
    closers.splice(1, 0, () => Promise.race([db.destroy(), delay(POOL_END_MS, undefined, { ref: false })]))
    const secretKey = config.secretKey ?? (await loadOrCreateSecretKey(config.dataDir))
    const secretKeys = [
      secretKey,
      ...(config.secretKeyAccepted === undefined ? [] : [config.secretKeyAccepted]),
    ] as const
    const auth = createAuth(db, {
      ...config,
      secretKeys: [...secretKeys],
      onLocalThrottle: (error) => log.warn({ err: error }, 'failed logins are counted by this process alone'),
    })
    const whyNotReady = async (): Promise<string | undefined> => {
      if (phase.now === 'stopping') return 'The server is shutting down.'
      if (phase.now === 'ready' && (await ping(db))) return undefined
      return 'The database is not reachable.'
    }
    const textWork = createTextWork()
    closers.splice(1, 0, textWork.close)
    const handlers = await createHandlers({
      ...auth,
      textWork,
      historyVersions: config.historyVersions,
      trashDays: config.trashDays,
      version: document.version,
      whyNotReady,
    })
    const app = await createApp({
      document,
      handlers,
      authenticate: createAuthenticate(db, auth.tokens),
      clientOf: createClientOf(config.trustedProxies),
      replies: config.replyValidation,
      corsOrigins: config.corsOrigins,
      log,
      // Until the migrations are through, tables may be missing: that too is a database that is not there yet.
      isOutage: (error) => isOutage(error) || phase.now === 'starting',
    })
    await started
    listener.serve(app)
    const ready = awaitDatabase(connection, log, () => phase.now === 'stopping').then(() => {
      if (phase.now !== 'starting') return
      phase.now = 'ready'
      const chores: Chore[] = [
        (isStopping) => purge(db, isStopping),
        (isStopping) => purgeNotes(db, config, isStopping),
      ]
      closers.unshift(startHousekeeping(chores, (error) => log.warn({ err: error }, 'old rows could not be deleted')))
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
      if (error instanceof StartupError) throw error
      const reason = reasonOf(error)
      if (isRefusedLogin(error)) throw new StartupError(`DATABASE_URL: PostgreSQL refuses the login: ${reason}`)
      if (!isOutage(error)) throw new StartupError(`DATABASE_URL: the database cannot be migrated: ${reason}`)
      if (!told && !isStopping()) log.warn(`the database is not there yet (${reason}); waiting for it`)
      told = true
      await delay(RETRY_MS)
    }
  }
}
