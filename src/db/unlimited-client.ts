import { Client } from 'pg'
import { type Connection, connectionConfig } from './database.ts'

const CONNECT_MS = 5_000
/** Limits of the role or the database are meant for requests; a migration or a backup takes longer. */
const UNLIMITED = ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']
  .map((name) => `-c ${name}=0`)
  .join(' ')

/** A connection without time limits, not yet open. `name` is how it appears in the list of sessions. */
export function unlimitedClient(connection: Connection, name?: string): Client {
  const config = connectionConfig(connection)
  const client = new Client({
    ...config,
    ...(name !== undefined && { application_name: name }),
    options: `${config.options ?? ''} ${UNLIMITED}`,
    connectionTimeoutMillis: CONNECT_MS,
  })
  // A connection lost between two statements makes the next statement fail, which is reported.
  client.on('error', () => undefined)
  return client
}

/** Only PostgreSQL 17 and newer have this limit. */
export async function liftTransactionTimeout(client: Client): Promise<void> {
  await client.query(`select set_config(name, '0', false) from pg_settings where name = 'transaction_timeout'`)
}
