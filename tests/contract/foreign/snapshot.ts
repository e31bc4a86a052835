import { sql } from 'kysely'
import type { Database } from '../../../src/db/database.ts'
import { inTransaction } from '../../../src/db/transaction.ts'

/** Keeps every row of a database beside it, and answers with the function that brings them back as they are now. */
export async function takeSnapshot(db: Database): Promise<() => Promise<void>> {
  // In the order in which they were made: a table comes after those it refers to.
  const { rows } = await sql<{ name: string }>`
    select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r' order by oid`.execute(
    db,
  )
  const tables = rows.map(({ name }) => ({ table: sql.table(`public.${name}`), kept: sql.table(`kept.${name}`) }))
  await sql`create schema kept`.execute(db)
  for (const { table, kept } of tables) await sql`create table ${kept} as table ${table}`.execute(db)
  // Nor does it depend on when it was cleaned up where new rows lie and how statements are planned, and so their order.
  for (const { table } of tables) await sql`alter table ${table} set (autovacuum_enabled = false)`.execute(db)
  return () =>
    inTransaction(db, async (transaction) => {
      await sql`truncate ${sql.join(tables.map(({ table }) => table))}`.execute(transaction)
      for (const { table, kept } of tables) await sql`insert into ${table} table ${kept}`.execute(transaction)
    })
}
