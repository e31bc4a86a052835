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
  /** Fast shutdown; resolves when postgres is gone. May be called again. */
  stop(): Promise<void>
}

export interface EmbeddedOptions {
  readonly dataDir: string
  /** Settings of PostgreSQL beyond our own, such as `fsync: 'off'` for tests. */
  readonly settings?: Readonly<Record<string, string>>
  readonly log?: (line: string) => void
  /** PostgreSQL died unasked. */
  readonly onExit?: (reason: string) => void
}

/** The address is fixed by the data directory, so that a pool may be made before the server is up. */
export function embeddedConnection(dataDir: string): EmbeddedPostgres['connection'] {
  return { host: socketDirectory(dataDir), port, user: 'notes', database: 'notes' }
}

/** A small server for one application. Said on the command line, so that no file in the cluster can weaken it. */
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
  // A failed statement is the application's to report; here its text and values would be a second, unredacted log.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
}

/** Recovery after a crash reads at most max_wal_size; a disk that needs longer than this for it is broken. */
const readyWithinMs = 120_000

/** A postgres that was killed leaves its shared memory to its children until they notice. */
const lingersAtMostMs = 10_000

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
    // What root makes in somebody's directory is theirs. Never `nobody`'s, who could then exchange files that root opens.
    if (isNew && account !== undefined && statSync(dirname(dataDir)).uid === account.uid) {
      chownSync(dataDir, account.uid, account.gid)
    }

    const deadline = Date.now() + lingersAtMostMs
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
    // Holding the lock here also keeps it from the garbage collector, which would release it.
    stop: () => (stopping ??= running.stop().finally(() => lock.release())),
  }
}

/** Polls until the database answers. Returns why it never will, if so. */
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
        const unknownDatabase = '3D000' // a start that was killed after initdb, or the first one
        if (code !== unknownDatabase) return postgres.ended() ? await postgres.gone : reasonOf(error)
        await run({ ...connection, database: 'postgres' }, 'create database notes')
      }
    } else await delay(5)
  }
  return await postgres.gone
}

/** What pg_ctl looks at as well: attempts to connect before that would only fill the log with refusals. */
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
