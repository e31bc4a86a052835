import { chownSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { StartupError } from '../../startup-error.ts'
import { accountFor } from './account.ts'
import { embeddedBinaries } from './binaries.ts'
import { clusterIn, ensureCluster, nameForPostgres, prepareDataDir, reasonOf } from './cluster.ts'
import { lockDataDir } from './lock.ts'
import { stopOrphans } from './orphans.ts'
import { spawnPostgres, type PostgresProcess } from './process.ts'
import { port, prepareSocketDirectory, socketDirectory } from './socket.ts'
import { watch } from './watchdog.ts'

export interface EmbeddedPostgres {
  /** What pg.Pool needs; `host` is the directory of the socket. */
  readonly connection: {
    readonly host: string
    readonly port: number
    readonly user: string
    readonly database: string
  }
  /** Fast shutdown; resolves when postgres has exited. May be called again. */
  stop(): Promise<void>
}

export interface EmbeddedOptions {
  readonly dataDir: string
  /** PostgreSQL settings that override ours, such as `fsync: 'off'` for tests. */
  readonly settings?: Readonly<Record<string, string>>
  readonly log?: (line: string) => void
  /** PostgreSQL exited before `stop` was called. */
  readonly onExit?: (reason: string) => void
}

/** The address depends on the data directory only, so a pool can be created before PostgreSQL is ready. */
export function embeddedConnection(dataDir: string): EmbeddedPostgres['connection'] {
  return { host: socketDirectory(dataDir), port, user: 'notes', database: 'notes' }
}

/** Given on the command line, so that no file in the cluster can override them. Sized for one application. */
const ownSettings = {
  listen_addresses: '',
  port: String(port),
  unix_socket_permissions: '0700',
  max_connections: '50',
  shared_buffers: '64MB',
  max_wal_size: '512MB',
  fsync: 'on',
  full_page_writes: 'on',
  synchronous_commit: 'on',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  cluster_name: 'notes',
  // The application reports failed statements; PostgreSQL would log their text and values unredacted.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
}

/** Crash recovery reads about max_wal_size; a disk that takes longer than this for it is broken. */
const readyWithinMs = 120_000

/** The children of a killed postgres keep its shared memory until they notice that it is dead. */
const maxLingerMs = 10_000

export async function startEmbedded(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir)
  const log = options.log ?? (() => {})
  const isNew = statSync(dataDir, { throwIfNoEntry: false }) === undefined
  prepareDataDir(dataDir)
  const account = accountFor(dataDir, clusterIn(dataDir))
  const lock = await lockDataDir(dataDir, account)
  let postgres: PostgresProcess | undefined
  try {
    const binaries = embeddedBinaries(dataDir, account, log)
    const fast = options.settings?.['fsync'] === 'off'
    await ensureCluster(dataDir, account, binaries, { sync: !fast, log })
    // A directory that root creates inside a user's directory is given to that user, who owns its parent anyway. Any
    // other account (the owner of the project, or `nobody`) does not get it: it could replace files that root opens.
    if (isNew && account !== undefined && statSync(dirname(dataDir)).uid === account.uid) {
      chownSync(dataDir, account.uid, account.gid)
    }

    const deadline = Date.now() + maxLingerMs
    for (;;) {
      await stopOrphans(clusterIn(dataDir), log)
      const settings = {
        ...ownSettings,
        ...options.settings,
        unix_socket_directories: prepareSocketDirectory(dataDir, account),
      }
      const args = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
      postgres = spawnPostgres(dataDir, binaries, account, ['-D', nameForPostgres(dataDir, account), ...args])
      const watchdog = postgres.pid === undefined ? undefined : watch(postgres.pid, account)
      void postgres.gone.then(() => watchdog?.dismiss())
      const failure = await ready(postgres, dataDir)
      if (failure === undefined) break
      const lingering = /lock file .* already exists|pre-existing shared memory block/.test(failure)
      if (lingering && Date.now() < deadline) await delay(50)
      else throw new StartupError(`DATA_DIR (${dataDir}): ${failure} (see postgres.log there, or set DATABASE_URL).`)
    }
  } catch (error) {
    await postgres?.stop()
    lock.release()
    if (error instanceof StartupError) throw error
    throw new StartupError(`DATA_DIR (${dataDir}): PostgreSQL cannot start: ${reasonOf(error)} (or set DATABASE_URL).`)
  }

  const running = postgres
  let stopping: Promise<void> | undefined
  void running.gone.then((reason) => {
    return stopping === undefined ? options.onExit?.(reason) : undefined
  })
  return {
    connection: embeddedConnection(dataDir),
    // This reference also keeps the lock from being garbage-collected, which would release it.
    stop: () => (stopping ??= running.stop().finally(() => lock.release())),
  }
}

/** Polls until the database accepts a query. Returns the reason if it cannot. */
async function ready(postgres: PostgresProcess, dataDir: string): Promise<string | undefined> {
  const connection = embeddedConnection(dataDir)
  const deadline = Date.now() + readyWithinMs
  while (!postgres.ended()) {
    if (Date.now() > deadline) return `PostgreSQL was not ready within ${readyWithinMs / 1000} s`
    if (acceptsConnections(postgres, dataDir)) {
      try {
        await run(connection, 'select')
        return undefined
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined
        const unknownDatabase = '3D000' // the first start, or an earlier one that was killed after initdb
        if (code !== unknownDatabase) return postgres.ended() ? await postgres.gone : reasonOf(error)
        await run({ ...connection, database: 'postgres' }, 'create database notes')
      }
    } else await delay(5)
  }
  return await postgres.gone
}

/** pg_ctl checks the same file. Connecting earlier would only fill the log with refused connections. */
function acceptsConnections(postgres: PostgresProcess, dataDir: string): boolean {
  try {
    const lines = readFileSync(join(clusterIn(dataDir), 'postmaster.pid'), 'utf8').split('\n')
    return lines[0] === String(postgres.pid) && lines[7]?.trim() === 'ready'
  } catch {
    return false
  }
}

async function run(connection: EmbeddedPostgres['connection'], statement: string): Promise<void> {
  const client = new Client(connection)
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(statement)
  } finally {
    await client.end()
  }
}
