import { readdirSync } from 'node:fs'
import { v7 as uuidv7 } from 'uuid'
import { expect, test } from 'vitest'
import { readChanges } from '../../src/changes/core/read-changes.ts'
import { migrate } from '../../src/db/migrate.ts'
import { createTestDatabase } from '../support/database.ts'
import { newOwner } from './writers.ts'

const migrations = readdirSync(new URL('../../migrations', import.meta.url)).toSorted()

const at = (day: number) => `2026-01-0${day}T00:00:00Z`

test('notes from before the log get places by the time of their latest change, and the next change follows', async () => {
  const { connection, db, drop } = await createTestDatabase()
  const first = migrations.findIndex((name) => name.includes('note_changes'))
  await migrate(connection, { direction: 'down', count: migrations.length - first })
  const [ann, bob, carl] = [await newOwner(db), await newOwner(db), await newOwner(db)]
  const days: [owner: string, updated: number, deleted: number | null][] = [
    [ann, 3, null],
    [ann, 1, null],
    [ann, 1, 4],
    [bob, 2, null],
    [ann, 2, null],
  ]
  for (const [owner_id, updated, deleted] of days) {
    const times = { updated_at: at(updated), deleted_at: deleted === null ? null : at(deleted) }
    await db
      .insertInto('notes')
      .values({ id: uuidv7(), owner_id, title: 'x', content: 'y', version: updated, ...times })
      .execute()
  }
  await migrate(connection)
  const log = async (owner: string) => {
    const { changes, latestSeq } = await readChanges(db, owner, { after: 0, limit: 10, maxBytes: 1_000 })
    return [
      changes.map(({ seq, kind, version, at: when }) => `${seq} ${kind} ${version} ${when.slice(0, 10)}`),
      latestSeq,
    ]
  }
  expect(await log(ann)).toEqual([
    ['1 upsert 1 2026-01-01', '2 upsert 2 2026-01-02', '3 upsert 3 2026-01-03', '4 trash 1 2026-01-04'],
    4,
  ])
  expect([await log(bob), await log(carl)]).toEqual([
    [['1 upsert 2 2026-01-02'], 1],
    [[], 0],
  ])
  await drop()
})
