import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type Application, compose } from './compose.ts'
import type { Config } from './config/config.ts'
import { defaultStopDelay } from './config/stop-delay.ts'
import { countChanges } from './changes/core/count-changes.ts'
import { type ContractDocument, loadDocument } from './contract/document/document.ts'
import type { BoundedPool } from './db/bounded-pool.ts'
import { type Connection, createDatabase, createPool, type Database } from './db/database.ts'
import { isOutage, reasonOf } from './db/pg-errors.ts'
import { inPatience, ping } from './db/ping.ts'
import { type Ground, openGround } from './ground.ts'
import { startHousekeeping } from './housekeeping.ts'
import type { Listener } from './listener.ts'
import type { Metrics } from './metrics/metrics.ts'
import { openMetrics } from './metrics/open-metrics.ts'
import type { SharedLimits } from './workers/shared-limits.ts'

export interface RunningServer {
  readonly url: string
  /** Resolves when the server is ready; rejects with a StartupError if it never will be. */
  readonly ready: Promise<void>
  /** Finishes the requests under way, then closes everything. May be called again. */
  readonly stop: () => Promise<void>
  /** Replaces the workers, if there are any. */
  readonly reload?: () => Promise<void>
}

export interface RunningApplication extends RunningServer {
  /** As `stop`, for a process whose port another one has taken over: it takes no connection any more, from now on. */
  readonly handOver: () => Promise<void>
}

interface Phase {
  now: 'starting' | 'ready' | 'stopping'
}

interface StartOptions {
  readonly config: Config
  readonly document: ContractDocument
  readonly listener: Listener
  readonly log: Logger
  readonly ground: Ground
  /** Closed last. */
  readonly stack: AsyncDisposableStack
  /** Left out when the server is this process alone. */
  readonly shared?: SharedLimits
  readonly metrics?: Metrics | undefined
}

/** A stuck statement must not keep the server from stopping. */
const POOL_END_MS = 1_000

/** Starts a whole server in this process. Throws as `start` does. The signal breaks the start off. */
export async function startAlone(
  config: Config,
  listener: Listener,
  log: Logger,
  signal: AbortSignal,
): Promise<RunningApplication> {
  await using stack = new AsyncDisposableStack()
  const metrics = await openMetrics(config, log, stack)
  // PostgreSQL starts in its own process while this one compiles the contract.
  const ground = openGround({ config, log, signal, stack })
  return start({ config, document: loadDocument(), listener, log, ground, stack: stack.move(), metrics })
}

/**
 * Starts an application behind a listener, on a ground. Throws a StartupError for a reason that the operator can fix.
 */
export async function start(options: StartOptions): Promise<RunningApplication> {
  const { config, document, listener, log, ground, shared, metrics } = options
  const phase: Phase = { now: 'starting' }
  // Closed in reverse order: chores, requests under way, the parts of the application, connections, the database.
  await using stack = options.stack
  const isPooled = config.databasePooler !== 'none'
  const { db, pool } = openPool(ground.connection, { poolSize: config.poolSize, isPooled }, log, phase, stack)
  const application = await compose({
    settings: config,
    secretKeys: await ground.keys,
    document,
    db,
    log,
    ...(shared !== undefined && { shared }),
    ...(metrics !== undefined && { onRequestOver: metrics.count }),
    connectionWait: pool.waitedMs,
    whyNotReady: () => whyNotReady(phase, db),
    // Until the migrations are applied, tables may be missing, so any error counts as an outage.
    isOutage: (error) => isOutage(error) || phase.now === 'starting',
  })
  stack.use(application)
  const { version } = document
  metrics?.watch({ ...figuresOf(application, db, pool), openConnections: listener.connections, version })
  await ground.started
  listener.serve(application.app)
  let close = (): Promise<void> => listener.close(config.stopDelaySeconds ?? defaultStopDelay(process.stdout.isTTY))
  stack.defer(() => close())

  const parts = stack.move()
  const ready = ground
    .prepare(() => phase.now === 'stopping')
    .then(() => {
      if (phase.now !== 'starting') return
      phase.now = 'ready'
      parts.defer(
        startHousekeeping(application.chores, (error) => log.warn({ err: error }, 'old rows could not be deleted')),
      )
      ground.startChores(parts, version)
    })
  let stopping: Promise<void> | undefined
  const end = (): Promise<void> => {
    application.endStreams()
    stopping ??= parts.disposeAsync().catch((error: unknown) => log.error({ err: error }, 'a part did not stop'))
    return stopping
  }
  return {
    url: listener.url,
    ready,
    stop: () => {
      phase.now = 'stopping'
      return end()
    },
    handOver: () => {
      close = listener.handOver
      return end()
    },
  }
}

async function whyNotReady(phase: Phase, db: Database): Promise<string | undefined> {
  if (phase.now === 'stopping') return 'The server is shutting down.'
  if (phase.now === 'ready' && (await ping(db))) return undefined
  return 'The database is not reachable.'
}

function figuresOf(application: Application, db: Database, pool: BoundedPool) {
  const { gates, openStreams, isSharedByRedis, requestsUnderWay, requestsRefused } = application
  return {
    pool: pool.state,
    underWay: requestsUnderWay,
    shed: requestsRefused,
    gates: () => Array.from(gates, ([name, { state }]) => [name, state()] as const),
    openStreams,
    isSharedByRedis,
    changes: () => inPatience(countChanges(db)),
  }
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
