import { sql } from 'kysely'
import type { Database } from '../../../src/db/database.ts'

/** Every row of every table as text, to compare the database before and after. */
export async function allRows(db: Database): Promise<readonly string[]> {
  const tables = await sql<{ name: string }>`
    select table_name as name from information_schema.tables
    where table_schema = 'public' and table_type = 'BASE TABLE' order by 1`.execute(db)
  const rows = await Promise.all(
    tables.rows.map(({ name }) =>
      sql<{ row: string }>`select t::text as row from ${sql.table(name)} t order by 1`.execute(db),
    ),
  )
  return tables.rows.flatMap(({ name }, index) => (rows[index]?.rows ?? []).map(({ row }) => `${name} ${row}`))
}
