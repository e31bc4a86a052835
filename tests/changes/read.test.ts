import { beforeEach, expect, test } from 'vitest'
import { v7 as uuidv7 } from 'uuid'
import { readChanges, readLogState, readNotices } from '../../src/changes/core/read-changes.ts'
import { inTransaction } from '../../src/db/transaction.ts'
import { lockNote } from '../../src/notes/core/lock-note.ts'
import { insertNote } from '../../src/notes/core/notes.ts'
import { writeNote } from '../../src/notes/core/write-note.ts'
import { eraseTrashed, moveToTrash } from '../../src/notes/trash/trash.ts'
import { useDatabase } from '../support/fixtures.ts'
import { newOwner } from './writers.ts'

const database = useDatabase()
let ownerId: string

beforeEach(async () => {
  ownerId = await newOwner(database.db)
})

const author = { changed_by_kind: null, changed_by_id: null }

function add(content: string, owner = ownerId): Promise<{ id: string }> {
  const fields = { title: 'x', tags: [], is_public: false, is_pinned: false, is_archived: false, ...author }
  return inTransaction(database.db, (tx) => insertNote(tx, owner, { id: uuidv7(), content, ...fields }))
}

const change = (id: string, content: string) =>
  inTransaction(database.db, async (tx) => {
    const note = await lockNote(tx, ownerId, id)
    if (note !== undefined) await writeNote(tx, note, { content }, { author, historyVersions: 5 })
  })

const remove = (id: string) =>
  inTransaction(database.db, async (tx) => {
    const note = await lockNote(tx, ownerId, id)
    if (note !== undefined) await moveToTrash(tx, note)
  })

const read = (after: number, limit = 100, maxBytes = 1_000_000) =>
  readChanges(database.db, ownerId, { after, limit, maxBytes })

test('changes come in the order of their places, the latest of each note, with the note as it is', async () => {
  const notes = []
  for (let index = 1; index <= 12; index += 1) notes.push(await add(`note ${index}`))
  const [first, second, third] = notes
  await change(first?.id ?? '', 'changed')
  await remove(second?.id ?? '')
  await remove(third?.id ?? '')
  await inTransaction(database.db, (tx) => eraseTrashed(tx, ownerId, third?.id ?? ''))
  const { changes, hasMore, latestSeq, forgottenSeq } = await read(0)
  expect(changes.map(({ seq, kind, version, note }) => [seq, kind, version, note?.content])).toEqual([
    ...[4, 5, 6, 7, 8, 9, 10, 11, 12].map((place) => [place, 'upsert', 1, `note ${place}`]),
    [13, 'upsert', 2, 'changed'],
    [14, 'trash', 1, undefined],
    [16, 'erase', 1, undefined],
  ])
  expect([hasMore, latestSeq, forgottenSeq]).toEqual([false, 16, 0])
  expect((await read(12)).changes.map(({ seq }) => seq)).toEqual([13, 14, 16])
  expect(await read(16)).toEqual({ changes: [], hasMore: false, latestSeq: 16, forgottenSeq: 0 })
})

/** The sizes of the contents of a page, and whether there is another. */
const sizes = async (after: number, limit: number, maxBytes: number) => {
  const { changes, hasMore } = await read(after, limit, maxBytes)
  return [changes.map(({ note }) => Buffer.byteLength(note?.content ?? '')), hasMore]
}

test('a page ends at limit, and at maxBytes of contents, but holds one change at least', async () => {
  for (const size of [10, 500, 400, 5_000, 1]) await add('é'.repeat(size / 2) || 'x')
  expect(await sizes(0, 2, 10_000)).toEqual([[10, 500], true])
  expect(await sizes(0, 5, 10_000)).toEqual([[10, 500, 400, 5_000, 1], false])
  expect(await sizes(0, 5, 910)).toEqual([[10, 500, 400], true])
  expect(await sizes(0, 5, 909)).toEqual([[10, 500], true])
  expect(await sizes(3, 5, 100)).toEqual([[5_000], true])
  expect(await sizes(4, 5, 100)).toEqual([[1], false])
})

test('an owner who never had a note has an empty log', async () => {
  expect(await read(0)).toEqual({ changes: [], hasMore: false, latestSeq: 0, forgottenSeq: 0 })
  expect((await readLogState(database.db, ownerId)).latestSeq).toBe(0)
})

test('notices come for several owners at once, up to limit for each, and no other owner is seen', async () => {
  const [bob, carl] = [await newOwner(database.db), await newOwner(database.db)]
  for (const owner of [ownerId, bob, carl, bob, ownerId, bob]) await add('x', owner)
  const positions = [
    { ownerId, after: 1 },
    { ownerId: bob, after: 0 },
  ]
  const notices = await readNotices(database.db, positions, 2)
  expect(new Set(notices.map(({ owner_id, seq, kind }) => `${owner_id} ${seq} ${kind}`))).toEqual(
    new Set([`${ownerId} 2 upsert`, `${bob} 1 upsert`, `${bob} 2 upsert`]),
  )
  expect(await readNotices(database.db, [], 2)).toEqual([])
})

test('a place is exact up to 2^53', async () => {
  const largest = Number.MAX_SAFE_INTEGER
  await add('first')
  await database.db
    .updateTable('change_counters')
    .set({ seq: largest - 1 })
    .where('owner_id', '=', ownerId)
    .execute()
  await add('last')
  expect((await readLogState(database.db, ownerId)).latestSeq).toBe(largest)
  expect((await read(largest - 1)).changes.map(({ seq }) => seq)).toEqual([largest])
  const notices = await readNotices(database.db, [{ ownerId, after: largest - 1 }], 5)
  expect(notices.map(({ seq }) => seq)).toEqual([largest])
})
