import { readdirSync } from 'node:fs'
import { v7 as uuidv7 } from 'uuid'
import { expect, test } from 'vitest'
import { migrate } from '../../src/db/migrate.ts'
import { newOwner } from '../changes/writers.ts'
import { createTestDatabase } from '../support/database.ts'

const migrations = readdirSync(new URL('../../migrations', import.meta.url)).toSorted()

test('the size of a note is that of its content, for notes from before it was stored and whoever writes', async () => {
  const { connection, db, drop } = await createTestDatabase()
  const first = migrations.findIndex((name) => name.includes('note_size'))
  await migrate(connection, { direction: 'down', count: migrations.length - first })
  const owner_id = await newOwner(db)
  const insert = (content: string) => db.insertInto('notes').values({ id: uuidv7(), owner_id, title: 'x', content })
  await insert('語😀').execute()
  await migrate(connection)
  const sizes = async () => {
    const rows = await db.selectFrom('notes').select('size').orderBy('id').execute()
    return rows.map(({ size }) => size)
  }
  expect(await sizes()).toEqual([2])
  await insert('Hello').execute()
  expect(await sizes()).toEqual([2, 5])
  await db
    .updateTable('notes')
    .set({ content: '😀'.repeat(300) })
    .execute()
  expect(await sizes()).toEqual([300, 300])
  await db.updateTable('notes').set({ size: 1, title: 'y', content: 'by an old server' }).execute()
  expect(await sizes()).toEqual([16, 16])
  await drop()
})
