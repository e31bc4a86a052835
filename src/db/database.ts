import { Kysely, PostgresDialect } from 'kysely'
import { type ClientConfig, Pool } from 'pg'
import type { DB } from '../../generated/db.d.ts'
import { NamedClient } from './named-client.ts'
import { typeParsers } from './type-parsers.ts'

export type Database = Kysely<DB>

/** Where the database is: a connection string, or the parts of one. */
export type Connection =
  | string
  | { readonly host: string; readonly port: number; readonly user: string; readonly database: string }

export interface DatabaseOptions {
  readonly connection: Connection
  readonly poolSize: number
  /** An idle connection failed; the pool replaces it. */
  readonly onIdleError: (error: Error) => void
}

/** Milliseconds. PostgreSQL times out before the client does, so that the client rarely has to drop a connection. */
const STATEMENT_TIMEOUT = 4_000
const CLIENT_TIMEOUT = 5_000
/** Short, because a transaction that waits for a lock holds a connection. */
const LOCK_TIMEOUT = 1_000
const WAIT_FOR_CONNECTION = 2_000

export function createDatabase({ connection, poolSize, onIdleError }: DatabaseOptions): Database {
  const pool = new Pool({
    ...connectionConfig(connection),
    Client: NamedClient,
    max: poolSize,
    connectionTimeoutMillis: WAIT_FOR_CONNECTION,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    statement_timeout: STATEMENT_TIMEOUT,
    query_timeout: CLIENT_TIMEOUT,
    lock_timeout: LOCK_TIMEOUT,
    idle_in_transaction_session_timeout: CLIENT_TIMEOUT,
    types: typeParsers,
  })
  // Without a listener, a restart of PostgreSQL would end the process.
  pool.on('error', onIdleError)
  return new Kysely<DB>({ dialect: new PostgresDialect({ pool }) })
}

const UTC = '-c TimeZone=UTC'

/** The settings of a single connection or a pool. The time zone is UTC, whatever the server's own setting. */
export function connectionConfig(connection: Connection): ClientConfig {
  const target = typeof connection === 'string' ? { connectionString: inUtc(connection) } : connection
  return { ...target, application_name: 'notes-api', options: UTC }
}

/** The options of a connection string replace ours, so we append ours to them. */
function inUtc(connectionString: string): string {
  const url = new URL(connectionString)
  const options = url.searchParams.get('options')
  if (options === null) return connectionString
  url.searchParams.set('options', `${options} ${UTC}`)
  return url.href
}
