import { type Kysely, sql } from 'kysely'
import { vi } from 'vitest'
import type { DB } from '../../generated/db.d.ts'
import { createDatabase } from '../../src/db/database.ts'
import type { TestDatabase } from './database.ts'

/** The clock of one test database and of this process. It is stopped, so a test can move it to an exact millisecond. */
export interface Clock {
  /** Moves both forward, or back. */
  readonly pass: (seconds: number) => Promise<void>
  readonly now: () => number
  /** Gives this process its real clock back. */
  readonly stop: () => void
}

/** The functions of PostgreSQL that return the current time. */
const FUNCTIONS = ['now', 'clock_timestamp', 'statement_timestamp', 'transaction_timestamp']

/**
 * Stops the clock of an unused database, and `Date` with it. The schema `clock` comes before pg_catalog in the search
 * path, so our statements call the `now()` below. Column defaults are bound to PostgreSQL's own `now()`, so they are
 * replaced. Timers go on.
 */
export async function stopClock(database: TestDatabase): Promise<Clock> {
  const admin = createDatabase({ connection: database.connection, poolSize: 1, onIdleError: () => undefined })
  let moment = Math.floor(Date.now() / 1_000) * 1_000
  const set = async (): Promise<void> => {
    vi.setSystemTime(moment)
    await sql`update clock.moment set at = ${new Date(moment).toISOString()}`.execute(admin)
  }
  vi.useFakeTimers({ toFake: ['Date'] })
  await sql`create schema clock`.execute(admin)
  await sql`create table clock.moment (at timestamptz not null)`.execute(admin)
  await sql`insert into clock.moment values (${new Date(moment).toISOString()})`.execute(admin)
  for (const name of FUNCTIONS) {
    await sql`create function clock.${sql.ref(name)}() returns timestamptz stable language sql
      as 'select at from clock.moment'`.execute(admin)
  }
  await bindDefaults(admin)
  const path = sql`set search_path = clock, pg_catalog, public`
  await sql`alter database ${sql.ref(database.connection.database)} ${path}`.execute(admin)
  await set()
  return {
    now: () => moment,
    pass: (seconds) => {
      moment += Math.round(seconds * 1_000)
      return set()
    },
    stop: () => {
      vi.useRealTimers()
      void admin.destroy()
    },
  }
}

async function bindDefaults(admin: Kysely<DB>): Promise<void> {
  const { rows } = await sql<{ table: string; column: string }>`
    select table_name as "table", column_name as "column" from information_schema.columns
    where table_schema = 'public' and column_default = 'now()'`.execute(admin)
  if (rows.length === 0) throw new Error('No column defaults to now(): the clock would miss them')
  for (const { table, column } of rows) {
    await sql`alter table ${sql.table(table)} alter column ${sql.ref(column)} set default clock.now()`.execute(admin)
  }
}
