import { Kysely, PostgresDialect } from 'kysely'
import { type ClientConfig, Pool } from 'pg'
import type { DB } from '../../generated/db.d.ts'
import { type BoundedPool, boundQueue } from './bounded-pool.ts'
import { readDatabaseUrl } from './database-url.ts'
import { CLIENT_TIMEOUT, limits } from './limits.ts'
import { NamedClient } from './named-client.ts'
import { PooledClient } from './pooled-client.ts'
import { typeParsers } from './type-parsers.ts'

export type Database = Kysely<DB>

/** Where the database is: a connection string, or the parts of one. */
export type Connection =
  | string
  | { readonly host: string; readonly port: number; readonly user: string; readonly database: string }

export interface DatabaseOptions {
  readonly connection: Connection
  readonly poolSize: number
  /** The connection leads to a pooler in transaction mode, such as PgBouncer. */
  readonly isPooled?: boolean
  /** Waits for a result for as long as it takes; `liftLimits` tells PostgreSQL the same. */
  readonly isPatient?: boolean
  /** An idle connection failed; the pool replaces it. */
  readonly onIdleError: (error: Error) => void
}

const WAIT_FOR_CONNECTION = 2_000

export function createDatabase(from: DatabaseOptions | BoundedPool): Database {
  const pool = 'waitedMs' in from ? from : createPool(from)
  return new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
}

/** The connections of a database. Ending the database ends them. */
export function createPool(options: DatabaseOptions): BoundedPool {
  const { connection, poolSize, isPooled = false, isPatient = false, onIdleError } = options
  const pool = new Pool({
    query_timeout: CLIENT_TIMEOUT,
    ...(isPooled ? { Client: PooledClient } : { ...limits, Client: NamedClient }),
    ...connectionConfig(connection),
    ...(isPatient && { query_timeout: 0 }),
    max: poolSize,
    // So that a server can be seen in PostgreSQL: a restore refuses to go on under it.
    min: 1,
    connectionTimeoutMillis: WAIT_FOR_CONNECTION,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    types: typeParsers,
  })
  // Without a listener, a restart of PostgreSQL would end the process.
  pool.on('error', onIdleError)
  return boundQueue(pool)
}

const UTC = '-c TimeZone=UTC'

/** The settings of a single connection or a pool. The time zone is UTC, whatever the server's own setting. */
export function connectionConfig(connection: Connection): ClientConfig {
  const target = typeof connection === 'string' ? readDatabaseUrl(connection) : connection
  const { options } = { options: undefined, ...target }
  return { application_name: 'notes-api', ...target, options: options === undefined ? UTC : `${options} ${UTC}` }
}
