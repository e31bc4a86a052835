import { sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import { inTransaction, type LastStep, type Tx } from '../../src/db/transaction.ts'
import { useDatabase } from '../support/fixtures.ts'

const database = useDatabase({ empty: true })

beforeAll(async () => {
  await sql`create table counters (id int primary key, value int not null)`.execute(database.db)
  await sql`insert into counters values (1, 0), (2, 0)`.execute(database.db)
})

const failWith = (code: string) => sql.raw(`do $$ begin raise sqlstate '${code}'; end $$`)

test('two transactions that deadlock both succeed, and each counts once', async () => {
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
])('a transaction that fails with %s runs %i times in all, and then its error is thrown', async (code, tries) => {
  let tried = 0
  const failing = inTransaction(database.db, async (transaction) => {
    tried += 1
    await failWith(code).execute(transaction)
  })
  await expect(failing).rejects.toMatchObject({ code })
  expect(tried).toBe(tries)
})

class Totals implements LastStep {
  #total = 0
  add(value: number): void {
    this.#total += value
  }
  async run(tx: Tx): Promise<void> {
    await sql`update counters set value = ${this.#total} where id = 2`.execute(tx)
  }
}

test('a last step collects what the work passes to it and runs once, after the work', async () => {
  const during = await inTransaction(database.db, async (tx) => {
    tx.beforeCommit(Totals).add(40)
    tx.beforeCommit(Totals).add(7)
    return (await sql`select from counters where value = 47`.execute(tx)).rows.length
  })
  const after = await sql`select id from counters where value = 47`.execute(database.db)
  expect([during, after.rows]).toEqual([0, [{ id: 2 }]])
})

test('a last step of a transaction that fails does not run, and one that fails undoes the work', async () => {
  const work = (fail: (tx: Tx) => Promise<unknown>) =>
    inTransaction(database.db, async (tx) => {
      tx.beforeCommit(Totals).add(48)
      await sql`update counters set value = 48 where id = 1`.execute(tx)
      await fail(tx)
    })
  await expect(work((tx) => failWith('23505').execute(tx))).rejects.toMatchObject({ code: '23505' })
  await expect(work(async (tx) => tx.beforeCommit(Totals).add(2 ** 40))).rejects.toMatchObject({ code: '22003' })
  const { rows } = await sql`select from counters where value = 48`.execute(database.db)
  expect(rows).toEqual([])
})
