import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Connection, createDatabase, type Database } from '../../src/db/database.ts'
import { isOutage } from '../../src/db/pg-errors.ts'
import { ping } from '../../src/db/ping.ts'
import { useDatabase } from '../support/fixtures.ts'
import { register } from '../support/people.ts'
import { until } from '../support/process.ts'
import { openProxy, type Proxy } from '../support/proxy.ts'
import { startServer } from '../support/server.ts'

const database = useDatabase()
const opened: (() => Promise<void>)[] = []

beforeAll(async () => {
  await sql`create table kept (id int primary key, text text)`.execute(database.db)
})
afterAll(async () => {
  for (const close of opened.toReversed()) await close()
})

/** Makes another pool on the database of this file, and collects its idle errors. */
function connect(
  connection: Connection = database.connection,
  poolSize = 1,
): Database & { readonly idleErrors: Error[] } {
  const idleErrors: Error[] = []
  const db = createDatabase({ connection, poolSize, onIdleError: (error) => idleErrors.push(error) })
  opened.push(() => db.destroy())
  return Object.assign(db, { idleErrors })
}

async function proxied(parameters = ''): Promise<{ url: string; proxy: Proxy }> {
  const proxy = await openProxy(database.connection)
  opened.push(() => proxy.close())
  const { user, password, database: name } = database.connection
  return {
    proxy,
    url: `postgres://${user}:${encodeURIComponent(password)}@127.0.0.1:${proxy.port}/${name}${parameters}`,
  }
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error) return error
  }
  throw new Error('It was expected to fail with an Error')
}

async function kept(): Promise<number[]> {
  const { rows } = await sql<{ id: number }>`select id from kept order by id`.execute(database.db)
  return rows.map(({ id }) => id)
}

/** The state of the sessions with this application_name. */
async function sessionsOf(name: string): Promise<string[]> {
  const { rows } = await sql<{
    state: string
  }>`select state from pg_stat_activity where application_name = ${name}`.execute(database.db)
  return rows.map(({ state }) => state)
}

test('times come as RFC 3339 in UTC with their microseconds, whatever the time zone of the database', async () => {
  await sql`alter database ${sql.id(database.connection.database)} set timezone to 'Asia/Tokyo'`.execute(database.db)
  const time = sql<{ time: string }>`select timestamptz '2026-11-22 10:15:30.123456+09' as time`
  const expected = [{ time: '2026-11-22T01:15:30.123456Z' }]
  expect((await time.execute(connect())).rows).toEqual(expected)
  const { url } = await proxied('?options=-c%20work_mem%3D8MB')
  const db = connect(url)
  expect((await time.execute(db)).rows).toEqual(expected)
  expect((await sql`show work_mem`.execute(db)).rows).toEqual([{ work_mem: '8MB' }])
})

test('a bigint is a number up to 2^53 and refused beyond, never rounded', async () => {
  const db = connect()
  const value = (text: string) => sql<{ value: number }>`select ${text}::bigint as value`.execute(db)
  expect((await value('9007199254740991')).rows).toEqual([{ value: Number.MAX_SAFE_INTEGER }])
  expect((await value('-9007199254740991')).rows).toEqual([{ value: Number.MIN_SAFE_INTEGER }])
  await expect(value('9007199254740993')).rejects.toThrow('beyond 2^53')
  expect((await value('1')).rows).toEqual([{ value: 1 }])
})

test('a statement with parameters is prepared once on each connection', async () => {
  const db = connect()
  for (const id of [1, 2, 3]) await db.selectFrom('users').select('id').where('email_key', '=', String(id)).execute()
  const { rows } = await sql<{ statement: string; uses: number }>`
    select statement, generic_plans + custom_plans as uses from pg_prepared_statements`.execute(db)
  const ours = rows.filter(({ statement }) => statement.includes('"email_key"'))
  expect(ours).toEqual([{ statement: 'select "id" from "users" where "email_key" = $1', uses: 3 }])
})

test('a prepared statement whose table was changed by a migration goes on', async () => {
  const db = connect()
  await sql`create table growing (id int)`.execute(database.db)
  await sql`insert into growing values (1)`.execute(database.db)
  const read = () => sql`select * from growing where id = ${1}`.execute(db)
  expect((await read()).rows).toEqual([{ id: 1 }])
  await sql`alter table growing add column added int default 7`.execute(database.db)
  expect((await read()).rows).toEqual([{ id: 1, added: 7 }])
  expect((await read()).rows).toEqual([{ id: 1, added: 7 }])
  await sql`alter table growing drop column added`.execute(database.db)
  const stale = db
    .transaction()
    .execute((transaction) => sql`select * from growing where id = ${1}`.execute(transaction))
  expect(isOutage(await failure(stale))).toBe(true)
  const again = db
    .transaction()
    .execute((transaction) => sql`select * from growing where id = ${1}`.execute(transaction))
  expect((await again).rows).toEqual([{ id: 1 }])
})

test('with a pool of 2, 20 parallel transactions finish', async () => {
  const db = connect(database.connection, 2)
  const ids = Array.from({ length: 20 }, (_, index) => 100 + index)
  const writes = ids.map((id) =>
    db.transaction().execute(async (transaction) => {
      await sql`insert into kept values (${id})`.execute(transaction)
      await sql`update kept set text = ${'written'} where id = ${id}`.execute(transaction)
    }),
  )
  await Promise.all(writes)
  expect(await kept()).toEqual(expect.arrayContaining(ids))
})

test('a caller that waits 2 s for a connection gets 503 with Retry-After, and the next is served', async () => {
  const db = connect()
  const server = await startServer({ db })
  opened.push(server.stop)
  const ann = await register(server)
  const held = Promise.withResolvers<void>()
  const holder = db.connection().execute(() => held.promise)
  const began = performance.now()
  const refused = await ann.ask('GET', '/notes')
  const took = performance.now() - began
  expect([refused.status, refused.headers.get('retry-after'), refused.body['type']]).toEqual([
    503,
    '2',
    '/problems/unavailable',
  ])
  expect(took).toBeGreaterThan(1_800)
  expect(took).toBeLessThan(3_000)
  held.resolve()
  await holder
  expect((await ann.ask('GET', '/notes')).status).toBe(200)
})

test('a connection cut while a transaction uses it fails that transaction, and nothing else', async () => {
  const { url, proxy } = await proxied()
  const db = connect(url)
  const entered = Promise.withResolvers<void>()
  const write = db.transaction().execute(async (transaction) => {
    await sql`insert into kept values (${200})`.execute(transaction)
    entered.resolve()
    await sql`select pg_sleep(10)`.execute(transaction)
  })
  await entered.promise
  proxy.cut()
  expect(isOutage(await failure(write))).toBe(true)
  expect(await ping(db)).toBe(true)
  expect(await kept()).not.toContain(200)
})

test('a connection cut between two statements of a transaction does not end the process', async () => {
  const { url, proxy } = await proxied('?application_name=cut')
  const db = connect(url)
  const write = db.transaction().execute(async (transaction) => {
    await sql`insert into kept values (${201})`.execute(transaction)
    proxy.cut()
    await until('the server has noticed', async () => (await sessionsOf('cut')).length === 0)
    await sql`insert into kept values (${202})`.execute(transaction)
  })
  expect(isOutage(await failure(write))).toBe(true)
  expect(await ping(db)).toBe(true)
  expect(await kept()).not.toContain(201)
})

test('an idle connection that is lost is reported and replaced', async () => {
  const { url, proxy } = await proxied()
  const db = connect(url)
  expect(await ping(db)).toBe(true)
  proxy.cut()
  await until('the loss is reported', () => db.idleErrors.length === 1)
  expect(await ping(db)).toBe(true)
})

test('after a client-side time-out, no other statement runs in the transaction that it left open', async () => {
  const { url, proxy } = await proxied('?query_timeout=300&application_name=trap13')
  const db = connect(url)
  const swallowed = Promise.withResolvers<void>()
  const stuck = db.transaction().execute(async (transaction) => {
    await sql`insert into kept values (${300})`.execute(transaction)
    proxy.swallow()
    swallowed.resolve()
    await sql`insert into kept values (${301})`.execute(transaction)
  })
  const failed = failure(stuck)
  await swallowed.promise
  proxy.restore()
  expect(await sessionsOf('trap13')).toEqual(['idle in transaction'])
  await Promise.all([302, 303].map((id) => sql`insert into kept values (${id})`.execute(db)))
  expect(isOutage(await failed)).toBe(true)
  const found = await kept()
  expect(found).toEqual(expect.arrayContaining([302, 303]))
  expect(found).not.toContain(300)
  expect(found).not.toContain(301)
})

test('after a client-side time-out the connection is closed: neither waiting nor later callers get it', async () => {
  const { url, proxy } = await proxied('?query_timeout=300')
  const db = connect(url)
  expect(await ping(db)).toBe(true)
  proxy.swallow()
  const stuck = failure(sql`insert into kept values (${310})`.execute(db))
  const waiting = sql`insert into kept values (${311})`.execute(db)
  proxy.restore()
  const error = await stuck
  expect(error.message).toBe('Query read timeout')
  expect(isOutage(error)).toBe(true)
  await waiting
  await sql`insert into kept values (${312})`.execute(db)
  const found = await kept()
  expect(found).toEqual(expect.arrayContaining([311, 312]))
  expect(found).not.toContain(310)
})

test('ping gives up after a second on a database that sends nothing', async () => {
  const { url, proxy } = await proxied()
  const db = connect(url)
  expect(await ping(db)).toBe(true)
  proxy.swallow()
  const began = performance.now()
  expect(await ping(db)).toBe(false)
  expect(performance.now() - began).toBeLessThan(1_300)
  proxy.cut()
})
