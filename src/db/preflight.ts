import type { Client } from 'pg'
import type { DB } from '../../generated/db.d.ts'
import { StartupError } from '../startup-error.ts'
import { type DatabaseSetting, poolerLine } from './start-faults.ts'

const OLDEST_MAJOR = 15
export const MIGRATIONS_TABLE = 'migrations'
const COLUMNS = ['id', 'name', 'run_on']

/** Where the tables are, and what has been applied to them. */
export interface Ledger {
  /** The schema of the table that lists the applied migrations. */
  readonly schema: string
  /** undefined if there is no such table yet. */
  readonly applied: readonly string[] | undefined
}

/** Refuses a database that could not work, in a line that says what to do, before anything is written into it. */
export async function requireUsable(client: Client, setting: DatabaseSetting): Promise<void> {
  const { rows } = await client.query<{ encoding: string; pid: number; version: string }>(
    `select current_setting('server_encoding') as encoding, pg_backend_pid() as pid,
      current_setting('server_version_num') as version`,
  )
  const [{ version, encoding, pid } = { version: '', encoding: '', pid: 0 }] = rows
  // A pooler answers the start itself, with a number of its own.
  if ('processID' in client && client.processID !== pid) throw new StartupError(`${setting}: ${poolerLine(setting)}`)
  const number = Number(version)
  if (number < OLDEST_MAJOR * 10_000) {
    const shown = `${Math.floor(number / 10_000)}.${number % 10_000}`
    throw new StartupError(`${setting}: PostgreSQL ${shown} is too old; version ${OLDEST_MAJOR} or newer is required`)
  }
  if (encoding !== 'UTF8') {
    throw new StartupError(
      `${setting}: the database has the encoding ${encoding}, which cannot hold every text; ` +
        `make another one with: create database notes encoding 'UTF8' template template0`,
    )
  }
}

/** Refuses what stays read-only. A standby does not: it may be promoted, so its error is one to wait for. */
export async function requireWritable(client: Client, setting: DatabaseSetting): Promise<void> {
  const { rows } = await client.query<{ is_read_only: boolean }>(
    `select current_setting('default_transaction_read_only')::bool as is_read_only`,
  )
  if (rows[0]?.is_read_only !== true) return
  throw new StartupError(`${setting}: default_transaction_read_only is on for this role or database; turn it off`)
}

/**
 * Finds the schema that the role uses, by its search_path, and what has been applied there. Refuses a database that a
 * newer server has migrated.
 */
export async function readLedger(client: Client, setting: DatabaseSetting, known: readonly string[]): Promise<Ledger> {
  const { rows } = await client.query<{ schema: string; columns: string[]; is_first: boolean; may_read: boolean }>(
    `select nspname::text as schema, nspname = current_schema() as is_first,
      has_table_privilege(c.oid, 'select') as may_read,
      array(select attname::text from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped
        order by attnum) as columns
    from pg_class c join pg_namespace n on n.oid = relnamespace
    where relname = $1 and relkind in ('r', 'p', 'v', 'm', 'f') and nspname = any (current_schemas(false))
    order by array_position(current_schemas(false), nspname)`,
    [MIGRATIONS_TABLE],
  )
  for (const { schema, columns, is_first, may_read } of rows) {
    const hasOurColumns = may_read && COLUMNS.every((name) => columns.includes(name))
    const applied = hasOurColumns ? await readApplied(client, schema) : []
    const isOurs = hasOurColumns && (applied.length === 0 ? is_first : applied.some((name) => known.includes(name)))
    if (isOurs) {
      requireKnown(applied, known, setting)
      return { schema, applied }
    }
    if (is_first) {
      throw new StartupError(
        `${setting}: the schema ${schema} has a table ${MIGRATIONS_TABLE} that ` +
          (may_read
            ? 'is not of notes-api; give notes-api a schema or a database of its own'
            : 'this role may not read; grant select on it, or make this role the owner of all tables'),
      )
    }
  }
  return { schema: await ownSchema(client, setting), applied: undefined }
}

async function readApplied(client: Client, schema: string): Promise<string[]> {
  const table = `${client.escapeIdentifier(schema)}.${MIGRATIONS_TABLE}`
  const { rows } = await client.query<{ name: string }>(`select name from ${table} order by run_on, id`)
  return rows.map(({ name }) => name)
}

function requireKnown(applied: readonly string[], known: readonly string[], setting: DatabaseSetting): void {
  const newer = applied.filter((name) => !known.includes(name))
  if (newer.length === 0) return
  throw new StartupError(
    `${setting}: a newer version of notes-api has migrated this database (${newer.slice(0, 3).join(', ')}); ` +
      'start that version, or restore the backup from before the upgrade',
  )
}

/** The first schema of the search_path that exists and that the role may use; new tables are made there. */
async function ownSchema(client: Client, setting: DatabaseSetting): Promise<string> {
  const { rows } = await client.query<{ schema: string | null; role: string; may_create: boolean | null }>(
    `select current_schema()::text as schema, current_user::text as role,
      has_schema_privilege(current_schema(), 'create') as may_create`,
  )
  const [{ schema, role, may_create } = { schema: null, role: '', may_create: null }] = rows
  const name = client.escapeIdentifier(role)
  if (schema === null) {
    throw new StartupError(
      `${setting}: the search_path of the role ${role} has no schema that it may use; ` +
        `make one with: create schema authorization ${name}`,
    )
  }
  if (may_create !== true) {
    throw new StartupError(
      `${setting}: the role ${role} may not make tables in the schema ${schema}; ` +
        `allow it with: grant create on schema ${client.escapeIdentifier(schema)} to ${name}`,
    )
  }
  return schema
}

/** Every table of the server; the compiler says when one is missing. */
export const TABLES = Object.keys({
  api_keys: true,
  change_counters: true,
  change_epoch: true,
  idempotency_keys: true,
  known_addresses: true,
  login_failures: true,
  note_changes: true,
  note_revisions: true,
  note_tags: true,
  note_texts: true,
  notes: true,
  refresh_tokens: true,
  security_events: true,
  sessions: true,
  users: true,
} satisfies Record<keyof DB, true>)

/** Refuses a role that may not read or write a table, which another role may have made. */
export async function requireRights(client: Client, setting: DatabaseSetting): Promise<void> {
  const { rows } = await client.query<{ table: string; role: string }>(
    `select name as table, current_user::text as role from unnest($1::text[]) as name
    where to_regclass(name) is null or not (has_table_privilege(to_regclass(name), 'select')
      and has_table_privilege(to_regclass(name), 'insert') and has_table_privilege(to_regclass(name), 'update')
      and has_table_privilege(to_regclass(name), 'delete'))`,
    [TABLES],
  )
  const [lacking] = rows
  if (lacking === undefined) return
  throw new StartupError(
    `${setting}: the role ${lacking.role} may not read and write the table ${lacking.table}; ` +
      `allow it with: grant select, insert, update, delete on all tables in schema … to ${lacking.role}`,
  )
}
