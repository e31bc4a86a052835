import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { liftLimits } from '../db/limits-of-operator.ts'
import { inTransaction, type Tx } from '../db/transaction.ts'

/** What a whole instance holds. Bytes as in `Usage`; those of the database include indexes and what is not yet free. */
export interface Totals {
  readonly users: number
  readonly disabled_users: number
  readonly notes: number
  readonly trashed_notes: number
  /** Earlier versions in the history. */
  readonly versions: number
  readonly text_bytes: number
  readonly history_bytes: number
  /** Live ones. */
  readonly sessions: number
  readonly api_keys: number
  readonly database_bytes: number
  /** The version of PostgreSQL. */
  readonly postgres: string
}

export interface Schema {
  /** The name of the latest migration; undefined if this role may not read it. */
  readonly schema: string | undefined
  readonly migrations: number | undefined
}

export function readTotals(db: Database): Promise<Totals & Schema> {
  return inTransaction(db, async (tx) => {
    await liftLimits(tx)
    const { rows } = await totals.execute(tx)
    const [row] = rows
    if (row === undefined) throw new Error('The database gives no totals')
    return { ...row, ...(await readSchema(tx)) }
  })
}

const totals = sql<Totals>`
  select (select count(*) from users) as users, (select count(*) from users where not is_active) as disabled_users,
    owned.notes, owned.trashed_notes, revisions.versions, owned.text_bytes,
    revisions.title_bytes + (select coalesce(sum(octet_length(data)), 0)::bigint from note_texts) as history_bytes,
    (select count(*) from sessions where ended_at is null and expires_at > now()) as sessions,
    (select count(*) from api_keys where expires_at > now()) as api_keys,
    pg_database_size(current_database()) as database_bytes,
    current_setting('server_version') as postgres
  from (
    select count(*) filter (where deleted_at is null) as notes,
      count(*) filter (where deleted_at is not null) as trashed_notes,
      coalesce(sum(octet_length(title) + octet_length(content)), 0)::bigint as text_bytes
    from notes) as owned,
    (select count(*) as versions, coalesce(sum(octet_length(title)), 0)::bigint as title_bytes
    from note_revisions) as revisions`

/** Another role may have migrated (MIGRATION_DATABASE_URL), and its table need not be open to this one. */
async function readSchema(tx: Tx): Promise<Schema> {
  const { rows: rights } = await sql<{ may_read: boolean | null }>`
    select has_table_privilege(to_regclass('migrations'), 'select') as may_read`.execute(tx)
  if (rights[0]?.may_read !== true) return { schema: undefined, migrations: undefined }
  const { rows } = await sql<{ schema: string; migrations: number }>`
    select name as schema, count(*) over () as migrations from migrations
    order by run_on desc, id desc limit 1`.execute(tx)
  return { schema: rows[0]?.schema, migrations: rows[0]?.migrations }
}
