import { Client } from 'pg'
import { type Connection, connectionConfig } from './database.ts'
import { migrate } from './migrate.ts'
import { PooledClient } from './pooled-client.ts'
import { requireRights } from './preflight.ts'
import { startFault } from './start-faults.ts'
import { StartupError } from '../startup-error.ts'

export interface PreparedDatabase {
  /** What the pool connects to. */
  readonly connection: Connection
  readonly isPooled: boolean
  /** PostgreSQL itself, possibly with another role. undefined: the same connection. */
  readonly migrationConnection: Connection | undefined
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
}: PreparedDatabase): Promise<string[]> {
  if (migrationConnection === undefined) {
    const setting = typeof connection === 'string' ? 'DATABASE_URL' : 'DATA_DIR'
    return migrate(connection, { setting, afterwards: (client) => requireRights(client, setting) })
  }
  let identity = ''
  const applied = await migrate(migrationConnection, {
    setting: 'MIGRATION_DATABASE_URL',
    afterwards: async (client) => void (identity = await identityOf(client)),
  })
  await tryConnection(connection, isPooled, identity)
  return applied
}

/** Which database this is, and which of its schemas is used. */
async function identityOf(client: Client): Promise<string> {
  const { rows } = await client.query<{ identity: string }>(
    `select concat_ws('/', (select system_identifier from pg_control_system()), to_regclass('notes')::oid) as identity`,
  )
  return rows[0]?.identity ?? ''
}

/** Connects as the pool will, and refuses what its requests could not work with. */
async function tryConnection(connection: Connection, isPooled: boolean, migrated: string): Promise<void> {
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
    await client.query('commit', [])
  } catch (error) {
    throw startFault(error, 'DATABASE_URL')
  } finally {
    await client.end()
  }
}
