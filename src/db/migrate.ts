import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { PG_MIGRATE_LOCK_ID, runner } from 'node-pg-migrate'
import type { Client } from 'pg'
import type { Connection } from './database.ts'
import { type Ledger, MIGRATIONS_TABLE, readLedger, requireUsable, requireWritable } from './preflight.ts'
import { type DatabaseSetting, startFault } from './start-faults.ts'
import { liftTransactionTimeout, unlimitedClient } from './unlimited-client.ts'

const DIRECTORY = fileURLToPath(new URL('../../migrations', import.meta.url))
const LOCK_RETRY_MS = 100

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
  const client = unlimitedClient(connection)
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
  const known = knownMigrations()
  const { applied } = await readLedger(client, setting, known)
  if (options.direction !== 'down' && known.every((name) => applied?.includes(name) === true)) return []
  await requireWritable(client, setting)
  await liftTransactionTimeout(client)
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

/** The names of all migrations, in their order. */
export function knownMigrations(): string[] {
  return readdirSync(DIRECTORY)
    .map((file) => file.replace(/\.\w+$/, ''))
    .toSorted()
}

/**
 * Undoes and applies migrations in the transaction that is open, until exactly these are applied. For tables without
 * rows: the runner would commit after each of them.
 */
export async function migrateWithin(client: Client, ledger: Ledger, wanted: readonly string[]): Promise<void> {
  const { schema, applied = [] } = ledger
  if (ledger.applied === undefined) await createLedger(client, schema)
  const table = `${client.escapeIdentifier(schema)}.${MIGRATIONS_TABLE}`
  for (const name of applied.filter((one) => !wanted.includes(one)).toReversed()) {
    await client.query(textOf(name).down)
    await client.query(`delete from ${table} where name = $1`, [name])
  }
  for (const name of wanted.filter((one) => !applied.includes(one))) {
    await client.query(textOf(name).up)
    await client.query(`insert into ${table} (name, run_on) values ($1, clock_timestamp())`, [name])
  }
}

function textOf(name: string): { up: string; down: string } {
  const text = readFileSync(`${DIRECTORY}/${name}.sql`, 'utf8')
  const [up = '', down = ''] = text.split(/^-- Down Migration$/m)
  return { up, down }
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
