import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { runner } from 'node-pg-migrate'
import { Client } from 'pg'
import { StartupError } from '../startup-error.ts'
import { type Connection, connectionConfig } from './database.ts'

const DIRECTORY = fileURLToPath(new URL('../../migrations', import.meta.url))
const LOCK_HELD = 'Another migration is already running'
const LOCK_RETRY_MS = 100
const CONNECT_MS = 5_000
const OLDEST_MAJOR = 15

interface MigrateOptions {
  readonly direction?: 'up' | 'down'
  /** Number of migrations; default: all. */
  readonly count?: number
}

/**
 * Applies the pending migrations, each in its own transaction, and returns their names. Several replicas may call this
 * at the same time: one migrates and the others wait. We poll for the lock, because the runner's own blocking lock
 * deadlocks with CREATE INDEX CONCURRENTLY.
 */
export async function migrate(connection: Connection, options: MigrateOptions = {}): Promise<string[]> {
  const client = new Client({ ...connectionConfig(connection), connectionTimeoutMillis: CONNECT_MS })
  // A connection lost between two statements makes the next statement fail, which is reported.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await requireSupportedServer(client)
    for (;;) {
      try {
        const applied = await runner({
          dbClient: client,
          dir: DIRECTORY,
          migrationsTable: 'migrations',
          direction: options.direction ?? 'up',
          count: options.count ?? Number.POSITIVE_INFINITY,
          singleTransaction: false,
          log: () => undefined,
        })
        return applied.map(({ name }) => name)
      } catch (error) {
        if (!(error instanceof Error) || !error.message.includes(LOCK_HELD)) throw error
        await delay(LOCK_RETRY_MS)
      }
    }
  } finally {
    await client.end()
  }
}

/** Runs before any migration: on a server that is too old, a migration would fail half-way. */
async function requireSupportedServer(client: Client): Promise<void> {
  const { rows } = await client.query<{ version: string }>(`select current_setting('server_version_num') as version`)
  const version = Number(rows[0]?.version)
  if (version >= OLDEST_MAJOR * 10_000) return
  const shown = `${Math.floor(version / 10_000)}.${version % 10_000}`
  throw new StartupError(`DATABASE_URL: PostgreSQL ${shown} is too old; version ${OLDEST_MAJOR} or newer is required`)
}
