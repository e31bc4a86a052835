import { PG_MIGRATE_LOCK_ID } from 'node-pg-migrate'
import type { Client } from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import { finished } from 'node:stream/promises'
import { isLockTimeout } from '../db/pg-errors.ts'
import { knownMigrations, migrateWithin } from '../db/migrate.ts'
import { type Ledger, MIGRATIONS_TABLE, readLedger, requireWritable, TABLES } from '../db/preflight.ts'
import type { DatabaseSetting } from '../db/start-faults.ts'
import { Refusal } from '../command-errors.ts'
import { BadBackup } from './bad-backup.ts'
import { type Manifest, tableOf } from './manifest.ts'
import type { Progress } from './progress.ts'
import type { VerifiedBackup } from './read-backup.ts'
import { copyTarget, readTables, type Table } from './snapshot.ts'

export interface LoadOptions {
  readonly setting: DatabaseSetting
  /** The sessions of servers have these names. */
  readonly serverNames: readonly string[]
  /** Whether the rows that are there are given up. */
  readonly replaces: boolean
  readonly progress: Progress
}

const LOCK_WAIT_MS = 5_000

/** Refuses a backup whose tables this version cannot make, by name of the migration. */
export function requireKnownSchema({ migrations, app_version }: Manifest): void {
  const known = knownMigrations()
  const newer = migrations.filter((name) => !known.includes(name))
  if (newer.length > 0) {
    const named = newer.slice(0, 3).join(', ')
    throw new BadBackup(`was made by a newer version of notes-api, ${app_version} (${named}): restore it with that`)
  }
  const isBeginning = migrations.every((name, index) => name === known[index])
  if (!isBeginning) throw new BadBackup('has tables of a version whose migrations came in another order')
}

/**
 * Puts the rows of a backup into the database, in a transaction that `finish` commits: then all of them are there and
 * no others, or nothing has changed. The tables are brought to the state that the backup was made of, and then up to
 * date.
 */
export async function load(client: Client, backup: VerifiedBackup, options: LoadOptions): Promise<void> {
  const { setting, progress } = options
  const known = knownMigrations()
  await requireWritable(client, setting)
  await client.query('begin')
  await requireAlone(client, options)
  const ledger = await lockTables(client, await readLedger(client, setting, known), options)
  const before = await readTables(client)
  if (!options.replaces) await requireEmpty(client, before)
  if (before.length > 0) await client.query(`truncate ${namesOf(client, before)}`)
  await migrateWithin(client, ledger, backup.manifest.migrations)
  await copyIn(client, backup, progress)
  progress.say('the rows are in; bringing the tables up to date')
  await migrateWithin(client, { ...ledger, applied: backup.manifest.migrations }, known)
  // The origin of no database: the first server that looks begins a new epoch, and all sync clients start again.
  await client.query(`update change_epoch set epoch = gen_random_uuid(), origin = ''`)
}

/** Commits what was loaded, and has PostgreSQL look at the tables: the first queries would be slow otherwise. */
export async function finish(client: Client): Promise<void> {
  await client.query('commit')
  await client.query(`analyze ${namesOf(client, await readTables(client))}`)
}

/**
 * A server keeps at least one session open, unless a pooler closes it. Its tables would change under it: what it has in
 * memory would be of other notes. A server that starts meanwhile waits for the lock of the migrations.
 */
async function requireAlone(client: Client, { setting, serverNames }: LoadOptions): Promise<void> {
  const lock = await client.query<{ is_mine: boolean }>(
    `select pg_try_advisory_xact_lock(${PG_MIGRATE_LOCK_ID}) as is_mine`,
  )
  const { rows } = await client.query<{ pid: number }>(
    `select pid from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and application_name = any ($1)`,
    [serverNames],
  )
  if (rows.length > 0 || lock.rows[0]?.is_mine !== true)
    throw new Refusal(`${setting}: a server is running on this database: stop all its servers first`)
}

/** Locks the list of migrations and all our tables against reads and writes until the transaction ends. */
async function lockTables(client: Client, ledger: Ledger, { setting }: LoadOptions): Promise<Ledger> {
  if (ledger.applied === undefined) return ledger
  const names = `${client.escapeIdentifier(ledger.schema)}.${MIGRATIONS_TABLE}`
  const tables = namesOf(client, await readTables(client))
  try {
    await client.query(`set local lock_timeout = ${LOCK_WAIT_MS}`)
    await client.query(`lock table ${[names, tables].filter((text) => text !== '').join(', ')}`)
    await client.query('set local lock_timeout = 0')
  } catch (error) {
    if (!isLockTimeout(error)) throw error
    throw new Refusal(`${setting}: another program, perhaps a backup, is using the tables: try again when it has ended`)
  }
  return readLedger(client, setting, knownMigrations())
}

/** The row of the epoch is there from the beginning. */
async function requireEmpty(client: Client, tables: readonly Table[]): Promise<void> {
  for (const { name } of tables.filter((table) => table.name !== 'change_epoch')) {
    const { rowCount } = await client.query(`select from ${client.escapeIdentifier(name)} limit 1`)
    if (rowCount !== 0)
      throw new Refusal('the database is not empty; to give up everything in it and restore, add --replace')
  }
}

async function copyIn(client: Client, { manifest, files }: VerifiedBackup, progress: Progress): Promise<void> {
  // A table that later versions no longer have may be in an old backup.
  const present = await readTables(client, [...new Set([...TABLES, ...manifest.tables.map(({ name }) => name)])])
  requireSameTables(manifest.tables, present)
  // What a migration has put there is in the backup too.
  await client.query(`truncate ${namesOf(client, present)}`)
  const loaded = new Map<string, number>()
  for await (const { name, bytes } of files()) {
    const table = manifest.tables.find((one) => one.name === tableOf(name))
    if (table === undefined) continue
    const rows = client.query(copyFrom(`copy ${copyTarget(client, table)} from stdin`))
    rows.end(bytes)
    await finished(rows)
    loaded.set(table.name, (loaded.get(table.name) ?? 0) + rows.rowCount)
    progress.step('restored', table.name, bytes.length)
  }
  const lacking = manifest.tables.find(({ name, rows }) => rows !== (loaded.get(name) ?? 0))
  if (lacking !== undefined) throw new Error(`The table ${lacking.name} did not take all rows`)
}

/** By name: the order may differ between databases. */
function requireSameTables(given: readonly Table[], present: readonly Table[]): void {
  const [wanted, found] = [given.map(shapeOf), present.map(shapeOf)]
  const odd = wanted.find((one) => !found.includes(one)) ?? found.find((one) => !wanted.includes(one))
  if (odd !== undefined) throw new BadBackup(`has other tables or columns than this version knows: ${odd}`)
}

function shapeOf({ name, columns }: Table): string {
  return `${name} (${columns.toSorted().join(', ')})`
}

function namesOf(client: Client, tables: readonly Table[]): string {
  return tables.map(({ name }) => client.escapeIdentifier(name)).join(', ')
}
