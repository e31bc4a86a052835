import { Kysely, PostgresDialect, sql } from 'kysely'
import { Pool } from 'pg'
import type { DB } from '../../generated/db.d.ts'
import { type Connection, connectionConfig, type Database } from '../../src/db/database.ts'
import { typeParsers } from '../../src/db/type-parsers.ts'

export interface Plan {
  readonly statement: string
  readonly lines: readonly string[]
}

/** Runs `work` and returns the plans of its statements, by EXPLAIN with the same values. */
export async function plansOf(connection: Connection, work: (db: Database) => Promise<unknown>): Promise<Plan[]> {
  const seen: { sql: string; parameters: readonly unknown[] }[] = []
  const pool = new Pool({ ...connectionConfig(connection), max: 1, types: typeParsers })
  const db = new Kysely<DB>({ dialect: new PostgresDialect({ pool }), log: ({ query }) => void seen.push(query) })
  try {
    await work(db)
    const plans: Plan[] = []
    for (const { sql: statement, parameters } of seen.splice(0)) {
      if (!/^\s*(select|with|insert|update|delete)/i.test(statement)) continue
      const { rows } = await pool.query<{ 'QUERY PLAN': string }>(`explain ${statement}`, [...parameters])
      plans.push({ statement, lines: rows.map((row) => row['QUERY PLAN']) })
    }
    return plans
  } finally {
    await db.destroy()
  }
}

/** Small enough for a statement to finish long before its time-out. */
const BATCH = 5_000

/**
 * Inserts `count` notes of one owner: each has one of 200 tags, a tenth a common tag and a few a rare one; a hundredth
 * is pinned, a tenth archived, and a twentieth in the trash.
 */
export async function fillNotes(db: Database, ownerId: string, count: number): Promise<void> {
  for (let from = 1; from <= count; from += BATCH)
    await fillSome(db, ownerId, from, Math.min(from + BATCH - 1, count), count)
  await sql`vacuum analyze notes`.execute(db)
  await sql`vacuum analyze note_tags`.execute(db)
  await sql`vacuum analyze note_changes`.execute(db)
}

async function fillSome(db: Database, ownerId: string, from: number, to: number, count: number): Promise<void> {
  await sql`
    insert into notes
      (id, owner_id, title, content, tags, is_pinned, is_archived, is_public, created_at, updated_at, deleted_at)
    select gen_random_uuid(), ${ownerId}, 'Note ' || md5(i::text), repeat(md5(i::text) || ' ', 10),
      array['topic ' || i % 200]
        || case when i % 10 = 0 then array['common'] else '{}'::text[] end
        || case when i % 10000 = 0 then array['rare'] else '{}'::text[] end,
      i % 100 = 0, i % 10 = 1, i % 100 = 2,
      now() - make_interval(secs => i), now() - make_interval(secs => (i * 7919) % ${count}),
      case when i % 20 = 3 then now() - make_interval(secs => i) end
    from generate_series(${from}::int, ${to}::int) i`.execute(db)
  await sql`
    insert into note_tags (owner_id, tag_key, note_id, tag, position)
    select owner_id, tag, id, tag, position from notes, unnest(tags) with ordinality as t (tag, position)
    where owner_id = ${ownerId} and deleted_at is null on conflict do nothing`.execute(db)
  await sql`
    insert into note_changes (owner_id, note_id, seq, kind, version, at)
    select owner_id, id, ${from - 1} + row_number() over (),
      case when deleted_at is null then 'upsert' else 'trash' end, version, updated_at
    from notes where owner_id = ${ownerId} on conflict do nothing`.execute(db)
  await sql`
    insert into change_counters (owner_id, seq) values (${ownerId}, ${to})
    on conflict (owner_id) do update set seq = excluded.seq`.execute(db)
}
