import { expect, test } from 'vitest'
import { useDatabase } from '../support/fixtures.ts'
import { countPlaces, differences, followNotices, followPages, keepPlaces, truth } from './readers.ts'
import { newOwner, runWriter } from './writers.ts'

const WRITERS = 16
const TRANSACTIONS = 60

const database = useDatabase({ poolSize: WRITERS + 4 })

test(
  'however writers overlap, every reader ends with what the server has, and no place is left out',
  { timeout: 60_000 },
  async () => {
    const { db } = database
    await keepPlaces(db)
    const owners = await Promise.all([1, 2, 3].map(() => newOwner(db)))
    const pages = owners.flatMap((ownerId) => [followPages(db, ownerId, 3), followPages(db, ownerId, 100)])
    const notices = followNotices(db, owners, 10)
    let acknowledged = 0
    const onCommit = (changes: number) => void (acknowledged += changes)
    const writers = await Promise.allSettled(
      Array.from({ length: WRITERS }, (_, seed) =>
        runWriter(db, { owners, seed: seed + 1, transactions: TRANSACTIONS, onCommit }),
      ),
    )
    const copies = await Promise.all(pages.map((reader) => reader.finish()))
    const lost = await Promise.all(
      copies.map(async (copy, index) => differences(copy, await truth(db, [owners[Math.floor(index / 2)] ?? '']))),
    )
    expect(writers.filter(({ status }) => status === 'rejected')).toEqual([])
    expect(lost).toEqual(lost.map(() => 0))
    expect(differences(await notices.finish(), await truth(db, owners))).toBe(0)
    expect(acknowledged).toBeGreaterThan(1_000)
    expect(await countPlaces(db)).toEqual({ recorded: acknowledged, gaps: 0 })
  },
)
