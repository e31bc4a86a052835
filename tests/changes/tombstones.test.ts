import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import { expect, test } from 'vitest'
import { purgeChanges } from '../../src/changes/core/purge-changes.ts'
import { mustStartAgain, readChanges } from '../../src/changes/core/read-changes.ts'
import { recordChanges } from '../../src/changes/core/record-changes.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { useDatabase } from '../support/fixtures.ts'
import { newOwner } from './writers.ts'

const database = useDatabase()

const never = () => false
const state = async (ownerId: string) => {
  const { changes, latestSeq, forgottenSeq } = await readChanges(database.db, ownerId, {
    after: 0,
    limit: 1_000,
    maxBytes: 1,
  })
  return { places: changes.map(({ seq, kind }) => `${seq} ${kind}`), latestSeq, forgottenSeq }
}

/** Records changes of these kinds. The first `old` of them are older than tombstones are kept, the others just not. */
async function logOf(kinds: readonly ('trash' | 'erase')[], old: number): Promise<string> {
  const ownerId = await newOwner(database.db)
  const changes = kinds.map((kind) => ({ noteId: uuidv7(), kind, version: 1 }))
  await inTransaction(database.db, async (tx) => recordChanges(tx, ownerId, changes))
  const at = sql<string>`now() - interval '90 days' + case when seq <= ${old} then -1 else 600 end * interval '1 second'`
  await database.db.updateTable('note_changes').set({ at }).where('owner_id', '=', ownerId).execute()
  return ownerId
}

test('a tombstone is deleted after 90 days, and the log says up to where; other changes stay', async () => {
  const [ann, bob, carl] = [
    await logOf(['erase', 'trash', 'erase', 'erase', 'trash'], 3),
    await logOf(['trash', 'trash'], 2),
    await logOf(
      Array.from({ length: 350 }, () => 'erase' as const),
      349,
    ),
  ]
  await Promise.all([1, 2, 3].map(() => purgeChanges(database.db, never)))
  expect(await state(ann)).toEqual({ places: ['2 trash', '4 erase', '5 trash'], latestSeq: 5, forgottenSeq: 3 })
  expect(await state(bob)).toEqual({ places: ['1 trash', '2 trash'], latestSeq: 2, forgottenSeq: 0 })
  expect(await state(carl)).toEqual({ places: ['350 erase'], latestSeq: 350, forgottenSeq: 349 })
})

test.each([
  ['has not read a tombstone that is gone', { seq: 4, floor: 0 }, true],
  ['has read it', { seq: 5, floor: 0 }, false],
  ['started after it was gone', { seq: 1, floor: 5 }, false],
  ['starts now', { seq: 0, floor: 5 }, false],
  ['started before and has not come further', { seq: 3, floor: 4 }, true],
  ['is ahead of the log', { seq: 10, floor: 5 }, true],
  ['has all', { seq: 9, floor: 5 }, false],
])('a reader that %s', (_, position, isLost) => {
  expect(mustStartAgain(position, { latestSeq: 9, forgottenSeq: 5 })).toBe(isLost)
})
