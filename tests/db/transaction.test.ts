import { sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import { inTransaction } from '../../src/db/transaction.ts'
import { useDatabase } from '../support/fixtures.ts'

const database = useDatabase({ empty: true })

beforeAll(async () => {
  await sql`create table counters (id int primary key, value int not null)`.execute(database.db)
  await sql`insert into counters values (1, 0), (2, 0)`.execute(database.db)
})

const failWith = (code: string) => sql.raw(`do $$ begin raise sqlstate '${code}'; end $$`)

test('two transactions that wait for each other both come through, each counted once', async () => {
  const { promise: bothHold, resolve } = Promise.withResolvers<void>()
  let holding = 0
  const add = (first: number, second: number) =>
    inTransaction(database.db, async (transaction) => {
      await sql`update counters set value = value + 1 where id = ${first}`.execute(transaction)
      if ((holding += 1) === 2) resolve()
      await bothHold
      await sql`update counters set value = value + 1 where id = ${second}`.execute(transaction)
    })
  await Promise.all([add(1, 2), add(2, 1)])
  expect(holding).toBe(3)
  const { rows } = await sql<{ value: number }>`select value from counters order by id`.execute(database.db)
  expect(rows).toEqual([{ value: 2 }, { value: 2 }])
})

test.each([
  ['40001', 4],
  ['40P01', 4],
  ['23505', 1],
  ['57014', 1],
  ['08006', 1],
])('a transaction that fails with %s is tried %i times in all, and its failure told', async (code, tries) => {
  let tried = 0
  const failing = inTransaction(database.db, async (transaction) => {
    tried += 1
    await failWith(code).execute(transaction)
  })
  await expect(failing).rejects.toMatchObject({ code })
  expect(tried).toBe(tries)
})
