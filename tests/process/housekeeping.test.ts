import { type RawBuilder, sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, expect, test } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import { createTestDatabase } from '../support/database.ts'
import { cleanUp, databaseEnv, serve, until } from '../support/process.ts'
import { openProxy } from '../support/proxy.ts'

afterAll(cleanUp)

/** For each table whose rows are deleted by their age: inserts one that has been due for so many days. */
const rowsOf: Readonly<Record<string, (id: string, owner: string, days: number) => RawBuilder<unknown>>> = {
  login_failures: (id, _, days) => sql`
    insert into login_failures (key, failures, expires_at)
    values (${Buffer.from(id)}, 1, now() - make_interval(days => ${days}))`,
  known_addresses: (id, _, days) => sql`
    insert into known_addresses (account, address, expires_at)
    values (${Buffer.from(id)}, '', now() - make_interval(days => ${days}))`,
  security_events: (id, owner, days) => sql`
    insert into security_events (id, user_id, type, created_at)
    values (${id}, ${owner}, 'login', now() - make_interval(days => 400 + ${days}))`,
  sessions: (id, owner, days) => sql`
    insert into sessions (id, user_id, scope, expires_at)
    values (${id}, ${owner}, '', now() - make_interval(days => 30 + ${days}))`,
  idempotency_keys: (id, owner, days) => sql`
    insert into idempotency_keys (user_id, operation, key, subject, request_hash, result, expires_at)
    values (${owner}, 'createNote', ${id}, ${id}, '', '{}', now() - make_interval(days => ${days}))`,
  note_changes: (id, owner, days) => sql`
    insert into note_changes (owner_id, note_id, seq, kind, version, at)
    values (${owner}, ${id}, ${10 + days}, 'erase', 1, now() - make_interval(days => 90 + ${days}))`,
}

async function countRows(db: Database): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const table of Object.keys(rowsOf)) {
    const { rows } = await sql<{ count: number }>`select count(*)::int from ${sql.table(table)}`.execute(db)
    counts[table] = rows[0]?.count ?? Number.NaN
  }
  return counts
}

const inEach = (count: number) => Object.fromEntries(Object.keys(rowsOf).map((table) => [table, count]))

test('a server that starts deletes the rows of every feature that are too old, and no others', async () => {
  const { connection, db, drop } = await createTestDatabase()
  const proxy = await openProxy(connection)
  const owner = uuidv7()
  await db.insertInto('users').values({ id: owner, email: 'a', email_key: 'a', password_hash: '' }).execute()
  await db.insertInto('change_counters').values({ owner_id: owner, seq: 11 }).execute()
  for (const insert of Object.values(rowsOf)) {
    for (const days of [1, -1]) await insert(uuidv7(), owner, days).execute(db)
  }
  expect(await countRows(db)).toEqual(inEach(2))
  const server = await serve(databaseEnv({ ...connection, port: proxy.port }))
  await until('what is due is gone', async () => JSON.stringify(await countRows(db)) === JSON.stringify(inEach(1)))
  expect(await db.selectFrom('change_counters').select('forgotten_seq').execute()).toEqual([{ forgotten_seq: 11 }])
  expect(await server.end('SIGTERM')).toBe(0)
  await proxy.close()
  await drop()
})

test('a server that starts cleans trash and histories by its settings, and stops as usual', async () => {
  const { connection, db, drop } = await createTestDatabase()
  const proxy = await openProxy(connection)
  const owner_id = uuidv7()
  await db.insertInto('users').values({ id: owner_id, email: 'a', email_key: 'a', password_hash: '' }).execute()
  const [old, recent] = [uuidv7(), uuidv7()]
  for (const [id, days] of [
    [old, 8],
    [recent, 6],
  ] as const) {
    const deleted_at = sql<string>`now() - make_interval(days => ${days})`
    await db
      .insertInto('notes')
      .values({ id, owner_id, title: 'x', content: 'y', version: 3, text_version: 1, deleted_at })
      .execute()
    for (const version of [1, 2]) {
      const created_at = sql<string>`now() - make_interval(days => ${days - version}, hours => 1)`
      const flags = { tags: [], is_public: false, is_pinned: false, is_archived: false }
      await db
        .insertInto('note_revisions')
        .values({ note_id: id, version, text_version: 1, title: 'x', created_at, ...flags })
        .execute()
    }
  }
  const server = await serve({
    ...databaseEnv({ ...connection, port: proxy.port }),
    TRASH_DAYS: '7',
    HISTORY_DAYS: '5',
  })
  const kept = async () =>
    (await db.selectFrom('note_revisions').select(['note_id', 'version']).execute()).map(({ note_id, version }) => [
      note_id,
      version,
    ])
  await until('what is due is gone', async () => JSON.stringify(await kept()) === JSON.stringify([[recent, 2]]))
  expect(await db.selectFrom('notes').select('id').execute()).toEqual([{ id: recent }])
  expect(await server.end('SIGTERM')).toBe(0)
  await proxy.close()
  await drop()
})
