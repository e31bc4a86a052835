import { readdirSync } from 'node:fs'
import { v7 as uuidv7 } from 'uuid'
import { expect, onTestFinished, test } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { newOwner } from '../changes/writers.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'

const migrations = readdirSync(new URL('../../migrations', import.meta.url)).toSorted()

/** A database as it was before a migration; call `migrate` to apply it and those after it. */
async function before(name: string): Promise<TestDatabase> {
  const database = await createTestDatabase()
  onTestFinished(database.drop)
  const first = migrations.findIndex((file) => file.includes(name))
  await migrate(database.connection, { direction: 'down', count: migrations.length - first })
  return database
}

test('stored tags lose the control characters that a tag may no longer have', async () => {
  const { db, connection } = await before('tags_without_controls')
  const owner_id = await newOwner(db)
  const notes: Record<string, readonly [given: string[], kept: string[]]> = {
    [uuidv7()]: [
      ['Work', 'a\u0085b', 'AB', '\u0080\u009F', 'two \u0081 words'],
      ['Work', 'ab', 'two words'],
    ],
    [uuidv7()]: [
      ['plain', 'caf\u00e9', '\u00a0'],
      ['plain', 'caf\u00e9', '\u00a0'],
    ],
  }
  for (const [id, [tags]] of Object.entries(notes)) {
    await db.insertInto('notes').values({ id, owner_id, title: 'x', content: 'y', tags }).execute()
    const rows = tags.map((tag, index) => ({ owner_id, note_id: id, tag, tag_key: `${index}`, position: index + 1 }))
    await db.insertInto('note_tags').values(rows).execute()
    const version = { note_id: id, version: 1, text_version: 1, title: 'x', tags, created_at: '2026-01-01T00:00:00Z' }
    await db
      .insertInto('note_revisions')
      .values({ ...version, is_public: false, is_pinned: false, is_archived: false })
      .execute()
  }
  await migrate(connection)
  for (const [id, [, kept]] of Object.entries(notes)) {
    const note = await db.selectFrom('notes').select('tags').where('id', '=', id).executeTakeFirst()
    const revision = await db.selectFrom('note_revisions').select('tags').where('note_id', '=', id).executeTakeFirst()
    const found = await db.selectFrom('note_tags').select('tag').where('note_id', '=', id).orderBy('position').execute()
    expect([note?.tags, revision?.tags, found.map(({ tag }) => tag)]).toEqual([kept, kept, kept])
  }
})

test('a session with every scope may erase, and one with fewer may not', async () => {
  const { db, connection } = await before('scope_to_erase')
  const user_id = await newOwner(db)
  const all = 'account:read account:write keys:write notes:read notes:write'
  const sessions = [
    [all, `${all} notes:erase`],
    ['notes:read notes:write', 'notes:read notes:write'],
  ]
  for (const [scope = ''] of sessions) {
    await db
      .insertInto('sessions')
      .values({ id: uuidv7(), user_id, scope, expires_at: '2027-01-01T00:00:00Z' })
      .execute()
  }
  await migrate(connection)
  const rows = await db.selectFrom('sessions').select('scope').orderBy('id').execute()
  expect(rows.map(({ scope }) => scope)).toEqual(sessions.map(([, scope]) => scope))
})
