import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, describe, expect, test } from 'vitest'
import { BadBackup } from '../../src/backup/bad-backup.ts'
import { Refusal } from '../../src/command-errors.ts'
import { loadConfig } from '../../src/config/config.ts'
import { connectionConfig, createDatabase } from '../../src/db/database.ts'
import { knownMigrations, migrate } from '../../src/db/migrate.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { hasDebianPostgres, startDebianPostgres } from '../support/debian-postgres.ts'
import { enrol, newKey, type Person, person } from '../support/people.ts'
import { cleanUp, temporaryDirectory } from '../support/process.ts'
import { SECRET_KEY, startServer, type TestServer } from '../support/server.ts'
import { startEmbedded } from '../../src/db/embedded/embedded.ts'
import { requireKnownSchema } from '../../src/backup/load.ts'
import { SILENT } from '../../src/backup/progress.ts'
import { verifyBackup } from '../../src/backup/read-backup.ts'
import { restoreBackup } from '../../src/backup/restore-backup.ts'
import { backUp, configOf, contentsOf, type Place, query, restore } from './contents.ts'

afterAll(cleanUp)

const newFile = (): string => join(temporaryDirectory(), 'backup')

/** The traffic is not judged: rows are written past the server. */
async function withServer<T>(database: TestDatabase, work: (server: TestServer) => Promise<T>): Promise<T> {
  const server = await startServer({ db: database.db, isRecorded: false })
  try {
    return await work(server)
  } finally {
    await server.stop()
  }
}

/** A person with something in every table that a person can fill. */
async function someone(server: TestServer): Promise<Person> {
  const ann = await enrol(server)
  const headers = { 'Idempotency-Key': `"${ann.email}"` }
  const { body } = await ann.ask('POST', '/notes', { body: { title: 'First', content: 'Old', tags: ['Tag'] }, headers })
  await ann.ask('PUT', `/notes/${String(body['id'])}`, { body: { title: 'First', content: 'Tab\t, \\. and \\N\n' } })
  const gone = await ann.ask('POST', '/notes', { body: { title: 'Gone' } })
  await ann.ask('DELETE', `/notes/${String(gone.body['id'])}`)
  await newKey(ann)
  return ann
}

/** A database whose server has stopped, so that it can be restored. */
async function filled(): Promise<{ database: TestDatabase; ann: Person }> {
  const database = await createTestDatabase()
  const ann = await withServer(database, someone)
  await database.db.destroy()
  return { database, ann }
}

async function dropAll(...databases: readonly TestDatabase[]): Promise<void> {
  for (const database of databases) await database.drop()
}

test('a backup made while others write has every note that was acknowledged before it began', async () => {
  const database = await createTestDatabase()
  const file = newFile()
  const acknowledged: Record<string, unknown>[] = []
  const { before, ann } = await withServer(database, async (server) => {
    const writer = await someone(server)
    const over = new AbortController()
    const write = async (): Promise<void> => {
      while (!over.signal.aborted) {
        const { status, body } = await writer.ask('POST', '/notes', { body: { title: 'T', content: 'ü'.repeat(999) } })
        expect(status).toBe(201)
        acknowledged.push(body)
      }
    }
    const writing = [write(), write(), write(), write()]
    while (acknowledged.length < 40) await delay(5)
    const known = [...acknowledged]
    const { notes } = await backUp(database.connection, file)
    expect(notes).toBeGreaterThanOrEqual(known.length + 1)
    over.abort()
    await Promise.all(writing)
    expect(acknowledged.length).toBeGreaterThan(known.length)
    return { before: known, ann: writer }
  })
  const other = await createTestDatabase({ empty: true })
  await restore(file, configOf(other.connection))
  await withServer(other, async (server) => {
    const again = person(server, ann)
    for (const note of before) {
      const { body } = await again.ask('GET', `/notes/${String(note['id'])}`)
      expect(body).toEqual(note)
    }
    // The rest of the world is of one moment too: each note has its place in the log.
    const [row] = await query<{ odd: number }>(
      other.connection,
      `select count(*)::int as odd from notes full join note_changes on note_id = id
      where id is null and kind <> 'erase' or note_id is null`,
    )
    expect(row?.odd).toBe(0)
  })
  await dropAll(database, other)
})

test('a restored database has the same rows in every table, whatever was in them', async () => {
  const { database } = await filled()
  const other = await createTestDatabase()
  const file = newFile()
  await query(
    database.connection,
    `insert into login_failures values ('\\x00ff0a5c', 0.1::float8 + 0.2::float8, 'infinity', true, '-infinity', now())`,
  )
  await backUp(database.connection, file)
  await restore(file, configOf(other.connection))
  const contents = await contentsOf(database.connection)
  expect(await contentsOf(other.connection)).toEqual(contents)
  const empty = Object.entries(contents).filter(([, text]) => text.startsWith('0 '))
  expect(empty).toEqual([])
  await dropAll(database, other)
})

test('no column takes its values from a sequence, which a backup would not have', async () => {
  const database = await createTestDatabase()
  const rows = await query(
    database.connection,
    `select table_name from information_schema.columns where table_schema = 'public' and table_name <> 'migrations'
      and (column_default like 'nextval%' or is_identity = 'YES')`,
  )
  expect(rows).toEqual([])
  await database.drop()
})

test('a database with rows is left alone without --replace, and given up with it', async () => {
  const [first, second] = [await filled(), await filled()]
  const file = newFile()
  await backUp(first.database.connection, file)
  const config = configOf(second.database.connection)
  const before = await contentsOf(second.database.connection)
  await expect(restore(file, config)).rejects.toThrow(
    new Refusal('the database is not empty; to give up everything in it and restore, add --replace'),
  )
  expect(await contentsOf(second.database.connection)).toEqual(before)
  await restore(file, config, true)
  expect(await contentsOf(second.database.connection)).toEqual(await contentsOf(first.database.connection))
  await dropAll(first.database, second.database)
})

test('a damaged file, and one that changes while it is restored, changes nothing', async () => {
  const { database } = await filled()
  const [file, other] = [newFile(), newFile()]
  await backUp(database.connection, file)
  const before = await contentsOf(database.connection)
  const bytes = readFileSync(file)
  const middle = Math.floor(bytes.length / 2)
  const damaged = Buffer.from(bytes)
  damaged[middle] = (damaged[middle] ?? 0) ^ 1
  for (const bad of [damaged, bytes.subarray(0, middle), Buffer.from('foreign')]) {
    writeFileSync(other, bad)
    await expect(restore(other, configOf(database.connection), true)).rejects.toBeInstanceOf(BadBackup)
    expect(await contentsOf(database.connection)).toEqual(before)
  }
  await database.drop()
})

test('cursors from before the restore are refused with 410, also into the same database, and new ones are good', async () => {
  const database = await createTestDatabase()
  const file = newFile()
  const { ann, cursor } = await withServer(database, async (server) => {
    const made = await someone(server)
    // So that the backup has the epoch of this database.
    expect((await made.ask('GET', '/changes')).status).toBe(200)
    await backUp(database.connection, file)
    await made.ask('POST', '/notes', { body: { title: 'After the backup' } })
    return { ann: made, cursor: (await made.ask('GET', '/changes')).body['cursor'] }
  })
  await database.db.destroy()
  await restore(file, configOf(database.connection), true)
  const db = createDatabase({ connection: database.connection, poolSize: 10, onIdleError: () => undefined })
  const opened = { ...database, db }
  await withServer(opened, async (server) => {
    const again = person(server, ann)
    // The log is as long as it was again, with other changes at the same places.
    for (const title of ['Other', 'Another']) await again.ask('POST', '/notes', { body: { title } })
    const refused = await again.ask('GET', `/changes?cursor=${String(cursor)}`)
    expect([refused.status, refused.body['type']]).toEqual([410, '/problems/cursor-expired'])
    const { status, body } = await again.ask('GET', '/changes')
    expect(status).toBe(200)
    expect((await again.ask('GET', `/changes?cursor=${String(body['cursor'])}`)).status).toBe(200)
  })
  await opened.db.destroy()
  await database.drop()
})

test('nothing is restored while a server runs on the database', async () => {
  const database = await createTestDatabase()
  const file = newFile()
  await withServer(database, async (server) => {
    await someone(server)
    await backUp(database.connection, file)
    const before = await contentsOf(database.connection)
    await expect(restore(file, configOf(database.connection), true)).rejects.toThrow(
      'DATABASE_URL: a server is running on this database: stop all its servers first',
    )
    expect(await contentsOf(database.connection)).toEqual(before)
  })
  await database.drop()
})

test('a restore that is broken off when it is done already is not said to have changed nothing', async () => {
  const [{ database }, target] = [await filled(), await createTestDatabase()]
  await target.db.destroy()
  const file = newFile()
  await backUp(database.connection, file)
  const stop = new AbortController()
  const other = new Client({ ...connectionConfig(target.connection), application_name: 'other' })
  await other.connect()
  await other.query('begin')
  const locked = Promise.withResolvers<unknown>()
  const say = (line: string): void => {
    // Granted when the restore commits; until it is given up, the tables cannot be analyzed.
    if (line.startsWith('the rows are in'))
      locked.resolve(other.query('lock table notes in share update exclusive mode'))
  }
  const options = { replaces: false, progress: { say, step: () => undefined }, signal: stop.signal }
  const restoring = restoreBackup(await verifyBackup(file, SILENT), configOf(target.connection), options)
  const outcome = restoring.then(
    () => 'restored',
    (error: unknown) => String(error),
  )
  await Promise.race([locked.promise, outcome])
  stop.abort()
  await other.end()
  expect(await outcome).toBe('restored')
  expect(await contentsOf(target.connection)).toEqual(await contentsOf(database.connection))
  await dropAll(database, target)
})

test('a restore does not wait for another program that uses the tables', { timeout: 30_000 }, async () => {
  const { database } = await filled()
  const file = newFile()
  await backUp(database.connection, file)
  const client = new Client({ ...connectionConfig(database.connection), application_name: 'other' })
  await client.connect()
  await client.query('begin; select from notes limit 1')
  await expect(restore(file, configOf(database.connection), true)).rejects.toThrow(
    /^DATABASE_URL: another program, perhaps a backup, is using the tables/,
  )
  await client.end()
  await database.drop()
})

test(
  'a backup made of each earlier state of the tables is restored and brought up to date',
  { timeout: 60_000 },
  async () => {
    const known = knownMigrations()
    const { database } = await filled()
    const target = await createTestDatabase({ empty: true })
    const config = configOf(target.connection)
    for (let level = known.length - 1; level >= 1; level -= 1) {
      await migrate(database.connection, { direction: 'down', count: 1 })
      const file = newFile()
      await backUp(database.connection, file)
      // Into a database that is empty at first, and later at the latest state.
      await restore(file, config, true)
      const [row] = await query<{ names: string[] }>(
        target.connection,
        'select array_agg(name::text order by id) as names from migrations',
      )
      expect(row?.names.toSorted()).toEqual(known)
      const [users] = await query<{ count: number }>(target.connection, 'select count(*)::int as count from users')
      expect(users?.count).toBe(1)
    }
    await dropAll(database, target)
  },
)

test('a backup of a newer version is refused by the name of its migration', async () => {
  const manifest = { app_version: '9.0.0', postgres_version: '18', created_at: '', tables: [], files: [] }
  const migrations = [...knownMigrations(), '1999000000000_later']
  expect(() => requireKnownSchema({ ...manifest, migrations })).toThrow(
    new BadBackup('was made by a newer version of notes-api, 9.0.0 (1999000000000_later): restore it with that'),
  )
  expect(() => requireKnownSchema({ ...manifest, migrations: knownMigrations().slice(1) })).toThrow(BadBackup)
})

test('two backups of a database are never made at once, and the second leaves no file', async () => {
  const { database } = await filled()
  const [first, second] = [newFile(), newFile()]
  const outcomes = await Promise.allSettled([
    backUp(database.connection, first),
    backUp(database.connection, second),
    backUp(database.connection, second),
  ])
  const reasons = outcomes.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []))
  expect(new Set(reasons)).toEqual(new Set(['Error: another backup of this database is being made']))
  expect([first, second].filter((path) => existsSync(path))).toHaveLength(outcomes.length - reasons.length)
  await database.drop()
})

test(
  'a backup whose connection is lost fails, and the file of before is still there',
  { timeout: 30_000 },
  async () => {
    const { database } = await filled()
    const file = newFile()
    await backUp(database.connection, file)
    const before = readFileSync(file)
    await query(
      database.connection,
      `insert into note_texts select id, i, null, convert_to(repeat(md5(i::text), 30000), 'UTF8')
    from (select id from notes limit 1) n, generate_series(100, 400) i`,
    )
    const failing = backUp(database.connection, file)
    failing.catch(() => undefined)
    const end = `select pg_terminate_backend(pid) from pg_stat_activity
    where application_name = 'notes-api backup' and datname = current_database() and query like 'copy%'`
    while ((await query(database.connection, end)).length === 0) await delay(1)
    await expect(failing).rejects.toThrow()
    expect(readFileSync(file).equals(before)).toBe(true)
    expect(readdirSync(join(file, '..'))).toEqual(['backup'])
    await database.drop()
  },
)

describe.skipIf(!hasDebianPostgres)('between the embedded PostgreSQL and the oldest one installed', () => {
  test('a backup carries from the one to the other and back', { timeout: 60_000 }, async () => {
    const { database } = await filled()
    const debian = await startDebianPostgres()
    const [there, back] = [newFile(), newFile()]
    await backUp(database.connection, there)
    await restore(there, configOf(debian.connection))
    expect(await contentsOf(debian.connection)).toEqual(await contentsOf(database.connection))
    await backUp(debian.connection, back)
    const again = await createTestDatabase({ empty: true })
    await restore(back, configOf(again.connection))
    expect(await contentsOf(again.connection)).toEqual(await contentsOf(database.connection))
    await debian.stop()
    await dropAll(database, again)
  })
})

describe('the secret key', () => {
  test(
    'goes where the server of an embedded database reads it, and is told apart from a key that is set',
    { timeout: 60_000 },
    async () => {
      const { database } = await filled()
      const file = newFile()
      const secretKey = 'another-secret-key-for-tests-0123456789'
      await backUp(database.connection, file, { secretKey })
      const dataDir = temporaryDirectory()
      writeFileSync(join(dataDir, 'secret_key'), `${SECRET_KEY}\n`)
      await restore(file, loadConfig({ DATA_DIR: dataDir }))
      expect(readFileSync(join(dataDir, 'secret_key'), 'utf8')).toBe(`${secretKey}\n`)
      const embedded = await startEmbedded({ dataDir })
      const place: Place = embedded.connection
      expect(await contentsOf(place)).toEqual(await contentsOf(database.connection))
      // While it runs, it is a server's.
      await expect(restore(file, loadConfig({ DATA_DIR: dataDir }), true)).rejects.toThrow(
        /is in use by another server/,
      )
      await embedded.stop()
      await database.drop()
    },
  )
})
