import { readdirSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { PG_MIGRATE_LOCK_ID, runner } from 'node-pg-migrate'
import { Client } from 'pg'
import { type Connection, connectionConfig } from './database.ts'
import { MIGRATIONS_TABLE, readLedger, requireUsable, requireWritable } from './preflight.ts'
import { type DatabaseSetting, startFault } from './start-faults.ts'

const DIRECTORY = fileURLToPath(new URL('../../migrations', import.meta.url))
const LOCK_RETRY_MS = 100
const CONNECT_MS = 5_000
/** Limits of the role or the database are meant for requests; an index of a large table takes longer. */
const UNLIMITED = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']
  .map((name) => `-c ${name}=0`)
  .join(' ')

interface MigrateOptions {
  readonly direction?: 'up' | 'down'
  /** Number of migrations; default: all. */
  readonly count?: number
  /** What to name when the database cannot be used. */
  readonly setting?: DatabaseSetting
  /** Runs last, on the same connection. */
  readonly afterwards?: (client: Client) => Promise<void>
}

/**
 * Applies the pending migrations, each in its own transaction, and returns their names. Several replicas may call this
 * at the same time: one migrates and the others wait. Throws a StartupError for a fault that the operator has to mend.
 */
export async function migrate(connection: Connection, options: MigrateOptions = {}): Promise<string[]> {
  const { setting = 'DATABASE_URL' } = options
  const config = connectionConfig(connection)
  const client = new Client({
    ...config,
    options: `${config.options ?? ''} ${UNLIMITED}`,
    connectionTimeoutMillis: CONNECT_MS,
  })
  // A connection lost between two statements makes the next statement fail, which is reported.
  client.on('error', () => undefined)
  try {
    await client.connect()
    await requireUsable(client, setting)
    const applied = await applyPending(client, setting, options)
    await options.afterwards?.(client)
    return applied
  } catch (error) {
    throw startFault(error, setting)
  } finally {
    await client.end()
  }
}

async function applyPending(client: Client, setting: DatabaseSetting, options: MigrateOptions): Promise<string[]> {
  const known = readdirSync(DIRECTORY).map((file) => file.replace(/\.\w+$/, ''))
  const { applied } = await readLedger(client, setting, known)
  if (options.direction !== 'down' && known.every((name) => applied?.includes(name) === true)) return []
  await requireWritable(client, setting)
  // Only PostgreSQL 17 and newer have this limit.
  await client.query(`select set_config(name, '0', false) from pg_settings where name = 'transaction_timeout'`)
  await lock(client)
  // Another server, perhaps a newer one, may have migrated meanwhile.
  const ledger = await readLedger(client, setting, known)
  if (ledger.applied === undefined) await createLedger(client, ledger.schema)
  const migrated = await runner({
    dbClient: client,
    dir: DIRECTORY,
    migrationsTable: MIGRATIONS_TABLE,
    migrationsSchema: ledger.schema,
    direction: options.direction ?? 'up',
    count: options.count ?? Number.POSITIVE_INFINITY,
    singleTransaction: false,
    noLock: true,
    log: () => undefined,
  })
  await client.query(`select pg_advisory_unlock(${PG_MIGRATE_LOCK_ID})`)
  return migrated.map(({ name }) => name)
}

/** We poll for the lock of the runner, because its own blocking lock deadlocks with CREATE INDEX CONCURRENTLY. */
async function lock(client: Client): Promise<void> {
  const attempt = `select pg_try_advisory_lock(${PG_MIGRATE_LOCK_ID}) as mine`
  while ((await client.query<{ mine: boolean }>(attempt)).rows[0]?.mine !== true) await delay(LOCK_RETRY_MS)
}

/** As the runner would, but so that an error keeps its code. */
async function createLedger(client: Client, schema: string): Promise<void> {
  await client.query(`create table ${client.escapeIdentifier(schema)}.${MIGRATIONS_TABLE}
    (id serial primary key, name varchar(255) not null, run_on timestamp not null)`)
}
