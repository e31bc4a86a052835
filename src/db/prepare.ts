import { Client } from 'pg'
import { type Connection, connectionConfig } from './database.ts'
import { knownMigrations, migrate } from './migrate.ts'
import { PooledClient } from './pooled-client.ts'
import { readLedger, requireRights } from './preflight.ts'
import { type Pools, requireConnections } from './required-connections.ts'
import { type DatabaseSetting, startFault } from './start-faults.ts'
import { unlimitedClient } from './unlimited-client.ts'
import { StartupError } from '../startup-error.ts'

export interface PreparedDatabase {
  /** What the pool connects to. */
  readonly connection: Connection
  readonly isPooled: boolean
  /** PostgreSQL itself, possibly with another role. undefined: the same connection. */
  readonly migrationConnection: Connection | undefined
  readonly pools: Pools
}

const CONNECT_MS = 5_000

/**
 * Makes a database ready for the server, and returns the names of the applied migrations. Throws a StartupError for a
 * fault that the operator has to mend. Any other error is an absence: it is worth trying again.
 */
export async function prepareDatabase({
  connection,
  isPooled,
  migrationConnection,
  pools,
}: PreparedDatabase): Promise<string[]> {
  if (migrationConnection === undefined) {
    const setting = settingOf(connection)
    const afterwards = async (client: Client): Promise<void> => {
      await requireRights(client, setting)
      await requireConnections(client, pools)
    }
    return migrate(connection, { setting, afterwards })
  }
  let identity = ''
  const applied = await migrate(migrationConnection, {
    setting: 'MIGRATION_DATABASE_URL',
    afterwards: async (client) => void (identity = await identityOf(client)),
  })
  await tryConnection({ connection, isPooled, pools }, identity)
  return applied
}

/**
 * Refuses a database that is not migrated to this version exactly, with a StartupError, and changes nothing. Any other
 * error is an absence.
 */
export async function requireMigrated({ connection, migrationConnection }: PreparedDatabase): Promise<void> {
  const target = migrationConnection ?? connection
  const setting = migrationConnection === undefined ? settingOf(connection) : 'MIGRATION_DATABASE_URL'
  const client = unlimitedClient(target)
  try {
    await client.connect()
    const known = knownMigrations()
    const { applied = [] } = await readLedger(client, setting, known)
    const pending = known.filter((name) => !applied.includes(name))
    if (pending.length > 0) {
      const names = pending.slice(0, 3).join(', ')
      throw new StartupError(`this version has migrations that are not applied (${names}): restart the whole server`)
    }
  } catch (error) {
    throw startFault(error, setting)
  } finally {
    await client.end()
  }
}

function settingOf(connection: Connection): DatabaseSetting {
  return typeof connection === 'string' ? 'DATABASE_URL' : 'DATA_DIR'
}

/** Which database this is, and which of its schemas is used. */
async function identityOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ identity: string }>(
    `select concat_ws('/', (select system_identifier from pg_control_system()), to_regclass('notes')::oid) as identity`,
  )
  return rows[0]?.identity ?? ''
}

/** Connects as the pool will, and refuses what its requests could not work with. */
async function tryConnection(
  { connection, isPooled, pools }: Pick<PreparedDatabase, 'connection' | 'isPooled' | 'pools'>,
  migrated: string,
): Promise<void> {
  const config = { ...connectionConfig(connection), connectionTimeoutMillis: CONNECT_MS }
  const client = isPooled ? new PooledClient(config) : new Client(config)
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.query('begin', [])
    const { rows } = await client.query<{ zone: string }>(`select current_setting('timezone') as zone`)
    if (rows[0]?.zone !== 'UTC')
      throw new StartupError('DATABASE_URL: the pooler does not pass on the time zone; allow the parameter TimeZone')
    if ((await identityOf(client)) !== migrated)
      throw new StartupError('DATABASE_URL and MIGRATION_DATABASE_URL must lead to the same database and schema')
    await requireRights(client, 'DATABASE_URL')
    // A pooler shares connections, and has limits of its own.
    if (!isPooled) await requireConnections(client, pools)
    await client.query('commit', [])
  } catch (error) {
    throw startFault(error, 'DATABASE_URL')
  } finally {
    await client.end()
  }
}
