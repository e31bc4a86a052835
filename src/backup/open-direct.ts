import type { Client } from 'pg'
import type { Config } from '../config/config.ts'
import type { Connection } from '../db/database.ts'
import { embeddedConnection, startEmbedded } from '../db/embedded/embedded.ts'
import { requireUsable } from '../db/preflight.ts'
import { type DatabaseSetting, startFault } from '../db/start-faults.ts'
import { liftTransactionTimeout, unlimitedClient } from '../db/unlimited-client.ts'
import type { Progress } from './progress.ts'

/** PostgreSQL itself, because a pooler has no sessions that keep a state, and the setting that says where it is. */
export interface Target {
  readonly connection: Connection
  readonly setting: DatabaseSetting
}

export function targetOf({ databaseUrl, migrationDatabaseUrl, dataDir }: Config): Target {
  if (migrationDatabaseUrl !== undefined) return { connection: migrationDatabaseUrl, setting: 'MIGRATION_DATABASE_URL' }
  if (databaseUrl !== undefined) return { connection: databaseUrl, setting: 'DATABASE_URL' }
  return { connection: embeddedConnection(dataDir), setting: 'DATA_DIR' }
}

/** Values look the same on every server: what pg_dump sets for the same reason. */
const PORTABLE = `set datestyle to iso; set intervalstyle to postgres; set bytea_output to hex;
  set extra_float_digits to 1; set xmloption to content`

/** Does something in a session of its own, without time limits. `name` is how it appears in the list of sessions. */
export async function inSession<T>(
  { connection, setting }: Target,
  name: string,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = unlimitedClient(connection, name)
  try {
    await openUp(client, setting)
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Runs the embedded database of a server that is stopped; its lock keeps servers away meanwhile. */
export async function withEmbedded<T>(
  dataDir: string,
  { progress, signal }: { readonly progress: Progress; readonly signal: AbortSignal },
  work: () => Promise<T>,
): Promise<T> {
  const embedded = await startEmbedded({ dataDir, log: progress.say, signal })
  try {
    return await work()
  } finally {
    await embedded.stop()
  }
}

async function openUp(client: Client, setting: DatabaseSetting): Promise<void> {
  try {
    await client.connect()
    await requireUsable(client, setting)
    await liftTransactionTimeout(client)
    await client.query(PORTABLE)
  } catch (error) {
    throw startFault(error, setting)
  }
}
