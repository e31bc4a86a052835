import { sql } from 'kysely'
import type { Database } from '../../src/db/database.ts'

/** Locks of a test's own. They are held until `release`, or until the end of the block. */
export interface HeldLocks extends AsyncDisposable {
  /** The session that holds them, as PostgreSQL numbers it. */
  readonly pid: number
  readonly release: () => Promise<void>
}

/** Takes locks in a transaction and keeps them. PostgreSQL does not end it, however long it does nothing. */
export async function holdLocks(db: Database, take: (transaction: Database) => Promise<unknown>): Promise<HeldLocks> {
  const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
  const { promise: taken, resolve, reject } = Promise.withResolvers<number>()
  const holder = db.transaction().execute(async (transaction) => {
    await sql`set local idle_in_transaction_session_timeout = 0`.execute(transaction)
    await take(transaction)
    const { rows } = await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(transaction)
    resolve(rows[0]?.pid ?? 0)
    await held
  })
  holder.catch(reject)
  const pid = await taken
  const release = (): Promise<void> => {
    letGo()
    return holder
  }
  return { pid, release, [Symbol.asyncDispose]: release }
}

/** How many idempotency keys requests hold in this database now. `pg_locks` has the locks of the whole cluster. */
export async function heldKeys(db: Database): Promise<number> {
  const { rows } = await sql`select from pg_locks where locktype = 'advisory' and granted
    and database = (select oid from pg_database where datname = current_database())`.execute(db)
  return rows.length
}

/** The transactions of this database that wait for a session's locks now, each by its session and its beginning. */
export async function waitingFor(db: Database, { pid }: Pick<HeldLocks, 'pid'>): Promise<string[]> {
  const { rows } = await sql<{ waiter: string }>`
    select pid || ' since ' || xact_start as waiter from pg_stat_activity
    where datname = current_database() and ${pid}::int = any(pg_blocking_pids(pid)) order by pid`.execute(db)
  return rows.map(({ waiter }) => waiter)
}

/** How many statements of this database wait for a lock now. */
export async function countLockWaits(db: Database): Promise<number> {
  const { rows } =
    await sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(db)
  return rows.length
}
