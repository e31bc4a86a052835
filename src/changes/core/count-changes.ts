import { sql } from 'kysely'
import type { Database } from '../../db/database.ts'

/** How many changes were recorded, as PostgreSQL counts them: for all servers, from 0 again after a crash. */
export async function countChanges(db: Database): Promise<number> {
  const { rows } = await sql<{ count: string }>`select n_tup_ins + n_tup_upd as count from pg_stat_user_tables
    where relid = to_regclass('note_changes')`.execute(db)
  return Number(rows[0]?.count ?? 0)
}
