import { readdirSync } from 'node:fs'
import { Client } from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { type Connection, connectionConfig } from '../../src/db/database.ts'
import { migrate } from '../../src/db/migrate.ts'
import { StartupError } from '../../src/startup-error.ts'
import { createTestDatabase } from '../support/database.ts'
import { hasDebianPostgres, startDebianPostgres } from '../support/debian-postgres.ts'
import { cleanUp } from '../support/process.ts'
import { openProxy } from '../support/proxy.ts'

const all = readdirSync(new URL('../../migrations', import.meta.url)).map((file) => file.replace(/\.\w+$/, ''))

afterAll(cleanUp)

/** Lists what a schema consists of, from the catalogue, without the runner's own table. */
const CATALOGUE = `
  select 'column' as kind, table_name as of, column_name as name,
    concat_ws(' ', ordinal_position, data_type, udt_name, is_nullable, column_default, collation_name,
      identity_generation, generation_expression) as is
  from information_schema.columns where table_schema = 'public'
  union all select 'constraint', conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    from pg_constraint where connamespace = 'public'::regnamespace
  union all select 'index', tablename, indexname, indexdef from pg_indexes where schemaname = 'public'
  union all select 'function', '', proname, pg_get_functiondef(oid)
    from pg_proc where pronamespace = 'public'::regnamespace and prokind = 'f'
    and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
  union all select 'trigger', tgrelid::regclass::text, tgname, pg_get_triggerdef(oid)
    from pg_trigger where not tgisinternal
  union all select 'type', '', typname, typtype::text
    from pg_type where typnamespace = 'public'::regnamespace and typtype in ('e', 'd')
  union all select 'extension', '', extname, '' from pg_extension
  order by 1, 2, 3, 4`

async function read(connection: Connection, text: string): Promise<Record<string, string>[]> {
  const client = new Client(connectionConfig(connection))
  await client.connect()
  try {
    return (await client.query<Record<string, string>>(text)).rows
  } finally {
    await client.end()
  }
}

const schemaOf = async (connection: Connection) => {
  const rows = await read(connection, CATALOGUE)
  return rows.filter(({ of, name }) => of !== 'migrations' && name !== 'migrations')
}

async function expectReversible(connection: Connection): Promise<void> {
  const empty = await schemaOf(connection)
  expect(await migrate(connection)).toEqual(all)
  const first = await schemaOf(connection)
  expect(first.filter(({ kind }) => kind === 'column').length).toBeGreaterThan(20)
  expect(await migrate(connection, { direction: 'down' })).toEqual(all.toReversed())
  expect(await schemaOf(connection)).toEqual(empty)
  expect(await migrate(connection)).toEqual(all)
  expect(await schemaOf(connection)).toEqual(first)
  expect(await migrate(connection)).toEqual([])
}

test('migrations up, down and up again leave the same schema', async () => {
  const database = await createTestDatabase({ empty: true })
  await expectReversible(database.connection)
  await database.drop()
})

test('each migration alone can be undone and done again', async () => {
  const database = await createTestDatabase()
  const schemas = [await schemaOf(database.connection)]
  for (const name of all.toReversed()) {
    expect(await migrate(database.connection, { direction: 'down', count: 1 })).toEqual([name])
    schemas.unshift(await schemaOf(database.connection))
  }
  for (const [index, name] of all.entries()) {
    expect(await migrate(database.connection, { count: 1 })).toEqual([name])
    expect(await schemaOf(database.connection)).toEqual(schemas[index + 1])
  }
  await database.drop()
})

test('eight runners that migrate one empty database at once apply each migration once', async () => {
  const database = await createTestDatabase({ empty: true })
  const applied = await Promise.all(Array.from({ length: 8 }, () => migrate(database.connection)))
  expect(applied.flat()).toEqual(all)
  expect(await read(database.connection, 'select name from migrations order by id')).toEqual(
    all.map((name) => ({ name })),
  )
  await database.drop()
})

/** Makes PostgreSQL look older on the wire: 180004 becomes 140004. */
function ageing(chunk: Buffer): Buffer {
  return Buffer.from(chunk.toString('latin1').replaceAll(/1[5-9](00\d\d)(?=C)/g, '14$1'), 'latin1')
}

test('a PostgreSQL that is too old is refused in one line that names it', async () => {
  const database = await createTestDatabase({ empty: true })
  const proxy = await openProxy(database.connection, { rewrite: ageing })
  const old = { ...database.connection, host: '127.0.0.1', port: proxy.port }
  const refused = migrate(old)
  await expect(refused).rejects.toBeInstanceOf(StartupError)
  await expect(refused).rejects.toThrow(
    /^DATABASE_URL: PostgreSQL 14\.\d+ is too old; version 15 or newer is required$/,
  )
  expect(await schemaOf(database.connection)).toEqual([expect.objectContaining({ kind: 'extension' })])
  await proxy.close()
  await database.drop()
})

describe.skipIf(!hasDebianPostgres)('on another major, the oldest installed', () => {
  test('migrations up, down and up again leave the same schema', async () => {
    const debian = await startDebianPostgres()
    expect(await read(debian.connection, 'show server_version_num')).toEqual([
      { server_version_num: expect.not.stringMatching(/^18/) },
    ])
    await expectReversible(debian.connection)
    await debian.stop()
  })
})
