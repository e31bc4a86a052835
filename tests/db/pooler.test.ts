import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import { sql } from 'kysely'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createDatabase, type Database } from '../../src/db/database.ts'
import { type EmbeddedPostgres, startEmbedded } from '../../src/db/embedded/embedded.ts'
import { isOutage } from '../../src/db/pg-errors.ts'
import { POOLER_PORT } from '../support/database.ts'
import { register } from '../support/people.ts'
import { hasPgBouncer, type PgBouncer, startPgBouncer } from '../support/pgbouncer.ts'
import { cleanUp, databaseEnv, repliesWith, runServer, serve, temporaryDirectory, until } from '../support/process.ts'
import { openProxy } from '../support/proxy.ts'

const PROJECT = join(import.meta.dirname, '..', '..')

const urlOf = (port: number): string => `postgres://notes@127.0.0.1:${port}/notes`

describe.skipIf(!hasPgBouncer)('behind PgBouncer in transaction mode', { timeout: 60_000 }, () => {
  let postgres: EmbeddedPostgres
  let pooler: PgBouncer
  let direct: { readonly port: number; readonly close: () => Promise<void> }
  const opened: (() => Promise<void>)[] = []

  beforeAll(async () => {
    postgres = await startEmbedded({
      dataDir: temporaryDirectory(),
      settings: { fsync: 'off', max_connections: '100' },
    })
    direct = await openProxy(postgres.connection)
    pooler = await startPgBouncer(direct)
  })
  afterAll(async () => {
    for (const close of opened.toReversed()) await close()
    await pooler.stop()
    await direct.close()
    await postgres.stop()
    await cleanUp()
  })

  const settings = (): Record<string, string> => ({
    ...databaseEnv({ port: pooler.port, user: 'notes', database: 'notes' }),
    DATABASE_POOLER: 'transaction',
    MIGRATION_DATABASE_URL: urlOf(direct.port),
  })

  function pooled(poolSize = 1): Database {
    const connection = urlOf(pooler.port)
    const db = createDatabase({ connection, poolSize, isPooled: true, onIdleError: () => undefined })
    opened.push(() => db.destroy())
    return db
  }

  async function directly<T extends object>(text: string): Promise<T[]> {
    const client = new Client(postgres.connection)
    await client.connect()
    try {
      return (await client.query<T>(text)).rows
    } finally {
      await client.end()
    }
  }

  test('a start without the setting ends with 1 and one line that names it', async () => {
    const env = databaseEnv({ port: pooler.port, user: 'notes', database: 'notes' })
    const { code, stderr } = await runServer(env)
    expect([code, stderr]).toEqual([
      1,
      'notes-api: DATABASE_URL: this is a pooler such as PgBouncer; set DATABASE_POOLER=transaction, and ' +
        'MIGRATION_DATABASE_URL to the address of PostgreSQL itself\n',
    ])
  })

  test('so does one before a PgBouncer that ignores what it does not support', async () => {
    const ignored = 'extra_float_digits,options,statement_timeout,lock_timeout,idle_in_transaction_session_timeout'
    const tolerant = await startPgBouncer(direct, { ignore_startup_parameters: ignored })
    opened.push(tolerant.stop)
    const { code, stderr } = await runServer(databaseEnv({ port: tolerant.port, user: 'notes', database: 'notes' }))
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^notes-api: DATABASE_URL: this is a pooler [^\n]+\n$/)])
  })

  test.each([
    ['the pooler again', () => urlOf(pooler.port), /^notes-api: MIGRATION_DATABASE_URL: this is a pooler [^\n]+\n$/],
    [
      'another database',
      () => urlOf(direct.port).replace(/notes$/, 'postgres'),
      /^notes-api: DATABASE_URL and MIGRATION_DATABASE_URL must lead to the same database and schema\n$/,
    ],
  ])('MIGRATION_DATABASE_URL is refused when it leads to %s', async (_, url, line) => {
    const { code, stderr } = await runServer({ ...settings(), MIGRATION_DATABASE_URL: url() })
    expect([code, stderr]).toEqual([1, expect.stringMatching(line)])
  })

  test('a server migrates, serves, survives a restart of the pooler and stops', async () => {
    const server = await serve(settings())
    const ann = await register(server)
    const made = await ann.ask('POST', '/notes', { body: { title: 'a', content: 'b' } })
    expect(made.status).toBe(201)
    const { port } = pooler
    await pooler.stop()
    expect((await ann.ask('GET', '/notes')).status).toBe(503)
    pooler = await startPgBouncer(direct, { listen_port: String(port) })
    await until('it serves again', () => repliesWith(`${server.url}/health`, 200))
    expect((await ann.ask('GET', '/notes')).list).toEqual([made.body])
    expect(await server.end('SIGTERM')).toBe(0)
    expect(server.stdout() + server.stderr()).not.toMatch(/"level":50|prepared statement/)
  })

  test('20 transactions and 20 statements at once on 8 sessions see times in UTC, and leave no setting behind', async () => {
    const db = pooled(20)
    const zone = sql<{ zone: string }>`select current_setting('timezone') as zone, ${1}::int as one`
    const zones = await Promise.all([
      ...Array.from({ length: 20 }, () => zone.execute(db)),
      ...Array.from({ length: 20 }, () => db.transaction().execute((transaction) => zone.execute(transaction))),
    ])
    expect(new Set(zones.map(({ rows }) => rows[0]?.zone))).toEqual(new Set(['UTC']))
    const raw = new Client({ host: '127.0.0.1', port: pooler.port, user: 'notes', database: 'notes' })
    await raw.connect()
    const { rows } = await raw.query<{ limit: string; names: number }>(
      `select current_setting('statement_timeout') as limit, (select count(*)::int from pg_prepared_statements) as names`,
    )
    await raw.end()
    expect(rows).toEqual([{ limit: '0', names: 0 }])
  })

  test.each([
    ['a statement', (db: Database) => sql`select pg_sleep(20)`.execute(db)],
    [
      'a statement of a transaction',
      (db: Database) => db.transaction().execute((transaction) => sql`select pg_sleep(20)`.execute(transaction)),
    ],
  ])('%s that takes too long is cancelled by PostgreSQL, and its connection goes on', async (_, run) => {
    const db = pooled()
    const error: unknown = await run(db).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    expect(error).toMatchObject({ code: '57014' })
    expect(isOutage(error)).toBe(true)
    expect(
      await directly(`select from pg_stat_activity where query like '%pg_sleep%' and state = 'active'
      and pid <> pg_backend_pid()`),
    ).toEqual([])
    expect((await sql<{ one: number }>`select ${1}::int as one`.execute(db)).rows).toEqual([{ one: 1 }])
  })

  test('a write that waits for a lock longer than its client does never takes effect', async () => {
    await directly('create table if not exists held (id int primary key, value int)')
    await directly('insert into held values (1, 0) on conflict do nothing')
    const holder = new Client(postgres.connection)
    await holder.connect()
    await holder.query('begin')
    await holder.query('update held set value = 1 where id = 1')
    const write = sql`update held set value = ${2} where id = 1`.execute(pooled())
    await expect(write).rejects.toMatchObject({ code: '55P03' })
    await holder.query('commit')
    await holder.end()
    expect(await directly('select value from held')).toEqual([{ value: 1 }])
  })

  test('accounts, notes, idempotency and the feed keep all their promises', async () => {
    const files = [
      'tests/auth/{account,accounts,sessions,retries,login-throttle}.test.ts',
      'tests/notes/{notes,idempotency,batch,trash,history,conflicts}.test.ts',
      'tests/changes/{feed,read,record,stream,tombstones}.test.ts',
    ].flatMap(expand)
    const { connection } = postgres
    const env = {
      ...process.env,
      TEST_DATABASE_URL: `postgres://notes@${encodeURIComponent(connection.host)}:${connection.port}`,
      [POOLER_PORT]: String(pooler.port),
    }
    const args = ['node_modules/vitest/vitest.mjs', 'run', '--config', 'tests/vitest.config.ts', '--project', 'quick']
    const run = promisify(execFile)(process.execPath, [...args, ...files], { cwd: PROJECT, env })
    const { stdout } = await run.catch((error: unknown) => error as { stdout: string })
    const said = stripVTControlCharacters(stdout)
    expect(said, said).toMatch(new RegExp(`Test Files +${files.length} passed \\(${files.length}\\)`))
  }, 240_000)
})

/** `a/{b,c}.ts` to `a/b.ts` and `a/c.ts`. */
function expand(pattern: string): string[] {
  const [, before = '', names = '', after = ''] = /^(.*)\{(.*)\}(.*)$/.exec(pattern) ?? []
  return names.split(',').map((name) => `${before}${name}${after}`)
}
