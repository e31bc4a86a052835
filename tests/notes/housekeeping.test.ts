import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { afterAll, expect, test } from 'vitest'
import { createTestDatabase } from '../support/database.ts'
import { cleanUp, databaseEnv, serve, until } from '../support/process.ts'
import { openProxy } from '../support/proxy.ts'

afterAll(cleanUp)

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
