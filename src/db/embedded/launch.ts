import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { nameForPostgres } from './cluster.ts'
import { clusterIn } from './data-dir.ts'
import { reasonOf } from './messages.ts'
import { stopOrphans } from './orphans.ts'
import { type PostgresProcess, spawnPostgres } from './process.ts'
import { embeddedConnection, port, prepareSocketDirectory } from './socket.ts'
import { watch } from './watchdog.ts'

/** A prepared and locked data directory, and what PostgreSQL needs to run in it. */
export interface Launchable {
  readonly dataDir: string
  readonly account: Account | undefined
  readonly binaries: Binaries
  readonly settings: Readonly<Record<string, string>>
  readonly log: (line: string) => void
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

/** The children of a killed postgres keep its shared memory until they notice that it is dead. */
const maxLingerMs = 10_000

/** A database that takes longer to reply to an empty statement is not ready. */
const replyWithinMs = 5_000

/**
 * Starts PostgreSQL and waits until it accepts queries, for at most `readyWithinMs`. Throws the reason if it does not;
 * then nothing is left running. When the signal is aborted, it stops what it has started.
 */
export async function launch(
  { dataDir, account, binaries, settings, log }: Launchable,
  readyWithinMs: number,
  signal: AbortSignal,
): Promise<PostgresProcess> {
  const deadline = Date.now() + maxLingerMs
  for (;;) {
    await stopOrphans(clusterIn(dataDir), log, signal)
    if (signal.aborted) throw new Error('the server is stopping')
    const all = {
      ...ownSettings,
      ...settings,
      unix_socket_directories: prepareSocketDirectory(dataDir, account),
    }
    const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const postgres = spawnPostgres(dataDir, binaries, account, ['-D', nameForPostgres(dataDir, account), ...args])
    const watchdog = postgres.pid === undefined ? undefined : watch(postgres.pid, account)
    void postgres.gone.then(() => watchdog?.dismiss())
    const stop = (): void => void postgres.stop()
    signal.addEventListener('abort', stop, { once: true })
    const failure = await ready(postgres, dataDir, readyWithinMs).catch(reasonOf)
    signal.removeEventListener('abort', stop)
    if (failure === undefined && !signal.aborted) return postgres
    await postgres.stop()
    const lingering = /lock file .* already exists|pre-existing shared memory block/.test(failure ?? '')
    if (!lingering || Date.now() > deadline || signal.aborted) throw new Error(failure ?? 'the server is stopping')
    await delay(50)
  }
}

/** Polls until the database accepts a query. Returns the reason if it cannot. */
async function ready(postgres: PostgresProcess, dataDir: string, withinMs: number): Promise<string | undefined> {
  const connection = embeddedConnection(dataDir)
  const deadline = Date.now() + withinMs
  while (!postgres.ended()) {
    if (Date.now() > deadline) return `PostgreSQL was not ready within ${withinMs / 1000} s`
    if (acceptsConnections(postgres, dataDir)) {
      try {
        await run(connection, 'select')
        return undefined
      } catch (error) {
        const code = error instanceof Error && 'code' in error ? error.code : undefined
        const full = '53300' // the pool of the server, which knows the address, has taken every connection
        if (code === full) return undefined
        const unknownDatabase = '3D000' // the first start, or an earlier one that was killed after initdb
        if (code !== unknownDatabase) return await whyNot(postgres, error)
        await run({ ...connection, database: 'postgres' }, 'create database notes')
      }
    } else await delay(5)
  }
  return await postgres.gone
}

/** If PostgreSQL is just ending, its own reason says more than a connection that was lost. */
function whyNot(postgres: PostgresProcess, error: unknown): Promise<string> {
  return Promise.race([postgres.gone, delay(200, reasonOf(error))])
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

async function run(connection: ReturnType<typeof embeddedConnection>, statement: string): Promise<void> {
  const client = new Client({ ...connection, connectionTimeoutMillis: replyWithinMs, query_timeout: replyWithinMs })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(statement)
  } finally {
    await client.end()
  }
}
