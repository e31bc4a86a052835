import { sql } from 'kysely'
import { afterAll, expect, test } from 'vitest'
import { readEpoch, renewEpoch } from '../../src/changes/core/epoch.ts'
import { createDatabase, type Connection, type Database } from '../../src/db/database.ts'
import { migrate } from '../../src/db/migrate.ts'
import { createTestDatabase } from '../support/database.ts'
import { hasDebianPostgres, startDebianPostgres } from '../support/debian-postgres.ts'
import { useDatabase } from '../support/fixtures.ts'
import { cleanUp } from '../support/process.ts'

const database = useDatabase()
afterAll(cleanUp)

const open = (connection: Connection) => createDatabase({ connection, poolSize: 3, onIdleError: () => undefined })

test('an epoch stays, and servers that look at once for the first time see one', async () => {
  const servers = [1, 2, 3, 4].map(() => open(database.connection))
  const seen = await Promise.all([...servers, ...servers, ...servers].map(readEpoch))
  expect(new Set(seen).size).toBe(1)
  expect(await readEpoch(database.db)).toBe(seen[0])
  await Promise.all(servers.map((db) => db.destroy()))
})

test('a copy of the database has an epoch of its own, and the original keeps its one', async () => {
  const original = await createTestDatabase()
  const epoch = await readEpoch(original.db)
  await original.db.destroy()
  const copy = await createTestDatabase({ copyOf: original })
  const [row] = await copy.db.selectFrom('change_epoch').select('epoch').execute()
  expect(row?.epoch).toBe(epoch)
  const own = await readEpoch(copy.db)
  expect(own).not.toBe(epoch)
  expect(await readEpoch(copy.db)).toBe(own)
  const again = open(original.connection)
  expect(await readEpoch(again)).toBe(epoch)
  await again.destroy()
  await copy.drop()
  // Its own pool is closed already.
  await sql`drop database ${sql.id(original.connection.database)} with (force)`.execute(database.db)
})

test('a database whose tables were restored from a dump has a new epoch', async () => {
  const { db } = database
  const epoch = await readEpoch(db)
  for (const name of ['note_changes', 'change_counters', 'change_epoch']) {
    await sql`create table restored (like ${sql.table(name)} including all)`.execute(db)
    await sql`insert into restored table ${sql.table(name)}`.execute(db)
    await sql`drop table ${sql.table(name)}`.execute(db)
    await sql`alter table restored rename to ${sql.id(name)}`.execute(db)
  }
  const restored = await readEpoch(db)
  expect(restored).not.toBe(epoch)
  expect(await readEpoch(db)).toBe(restored)
})

test.runIf(hasDebianPostgres)('a standby that takes over has a new epoch at once', { timeout: 60_000 }, async () => {
  const primary = await startDebianPostgres()
  await migrate(primary.connection)
  const before = open(primary.connection)
  const epoch = await readEpoch(before)
  const standby = await startDebianPostgres(primary)
  // Pages to write, so that the first checkpoint after the promotion takes a while.
  await sql`create table ballast as select repeat('x', 1000) from generate_series(1, 50000)`.execute(before)
  const after = open(standby.connection)
  await expect
    .poll(() => sql`select to_regclass('ballast')::text as name`.execute(after))
    .toMatchObject({
      rows: [{ name: 'ballast' }],
    })
  expect(await readEpoch(after)).toBe(epoch)
  await sql`select pg_promote()`.execute(after)
  expect(await readEpoch(after)).not.toBe(epoch)
  await Promise.all([before.destroy(), after.destroy()])
  await standby.stop()
  await primary.stop()
})

test('renewEpoch begins a new one, which stays', async () => {
  const epoch = await readEpoch(database.db)
  await renewEpoch(database.db)
  const renewed = await readEpoch(database.db)
  expect(renewed).not.toBe(epoch)
  expect(await readEpoch(database.db)).toBe(renewed)
})

/** A role that may do to the tables what the server does, and nothing else. */
async function readAsPlainRole(db: Database): Promise<string> {
  await sql`create role plain_reader nologin`.execute(db)
  await sql`grant select, update on change_epoch to plain_reader`.execute(db)
  try {
    return await db.connection().execute(async (connection) => {
      await sql`set role plain_reader`.execute(connection)
      const epoch = await readEpoch(connection)
      await sql`reset role`.execute(connection)
      return epoch
    })
  } finally {
    await sql`drop owned by plain_reader`.execute(db)
    await sql`drop role plain_reader`.execute(db)
  }
}

test('a role without special rights can read the epoch and begin one', async () => {
  const fresh = await createTestDatabase()
  expect(await readAsPlainRole(fresh.db)).toBe(await readEpoch(fresh.db))
  await fresh.drop()
})

test.runIf(hasDebianPostgres)('the same on the oldest PostgreSQL that we promise', { timeout: 60_000 }, async () => {
  const debian = await startDebianPostgres()
  await migrate(debian.connection)
  const db = open(debian.connection)
  expect(await readAsPlainRole(db)).toBe(await readEpoch(db))
  await db.destroy()
  await debian.stop()
})
