import { Client } from 'pg'
import { describe, expect, test } from 'vitest'
import { startEmbedded } from '../../src/db/embedded/embedded.ts'
import { migrate } from '../../src/db/migrate.ts'
import { register } from '../support/people.ts'
import { databaseEnv, runServer, serve, temporaryDirectory } from '../support/process.ts'
import { useProxiedCluster } from '../support/proxied-cluster.ts'

const cluster = useProxiedCluster()
let count = 0

async function run(database: string, ...statements: string[]): Promise<Record<string, unknown>[]> {
  const client = new Client({ ...cluster.connection, database })
  await client.connect()
  try {
    let rows: Record<string, unknown>[] = []
    for (const statement of statements) ({ rows } = await client.query<Record<string, unknown>>(statement))
    return rows
  } finally {
    await client.end()
  }
}

/** A new database, with the privileges of a new one: `public` is closed to all but its owner. */
async function createDatabase(options = ''): Promise<string> {
  const name = `faulty_${(count += 1)}`
  await run('postgres', `create database ${name} ${options}`)
  return name
}

async function createRole(database: string, ...statements: string[]): Promise<string> {
  const name = `role_${database}`
  await run(database, `create role ${name} login`, ...statements.map((text) => text.replaceAll('ROLE', name)))
  return name
}

const envOf = (database: string, user = 'notes', parameters = ''): Record<string, string> => {
  const env = databaseEnv({ port: cluster.port, user, database })
  return { ...env, DATABASE_URL: `${env['DATABASE_URL'] ?? ''}${parameters}` }
}

/** The line of a start that ends with 1. */
async function refusal(env: Readonly<Record<string, string>>): Promise<string> {
  const { code, stderr } = await runServer(env)
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^notes-api: [^\n]+\n$/)])
  return stderr.slice('notes-api: '.length, -1)
}

/** Starts a server, makes a note with it, and stops it. */
async function serves(env: Readonly<Record<string, string>>): Promise<void> {
  const server = await serve(env)
  const ann = await register(server)
  const made = await ann.ask('POST', '/notes', { body: { title: 'a', content: '€ 語 😀' } })
  expect([made.status, made.body['content']]).toEqual([201, '€ 語 😀'])
  expect(await server.end('SIGTERM')).toBe(0)
  expect(server.stderr()).toBe('')
}

const tablesOf = (database: string) =>
  run(
    database,
    `select nspname::text as schema, count(*)::int as tables from pg_class c join pg_namespace n on n.oid = relnamespace
    where relkind = 'r' and nspname !~ '^pg_|information_schema' group by 1 order by 1`,
  )

describe(
  'a database that cannot be served ends the start with 1 and one line that says what to do',
  { timeout: 60_000 },
  () => {
    test.each([
      ['LATIN1', `encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0 locale_provider libc`],
      ['SQL_ASCII', `encoding 'SQL_ASCII' lc_collate 'C' lc_ctype 'C' template template0 locale_provider libc`],
    ])('its encoding is %s', async (encoding, options) => {
      const database = await createDatabase(options)
      expect(await refusal(envOf(database))).toBe(
        `DATABASE_URL: the database has the encoding ${encoding}, which cannot hold every text; ` +
          `make another one with: create database notes encoding 'UTF8' template template0`,
      )
      expect(await tablesOf(database)).toEqual([])
    })

    test('a newer version has migrated it', async () => {
      const database = await createDatabase()
      await migrate({ ...cluster.connection, database })
      await run(database, `insert into migrations (name, run_on) values ('1999999999999_links', now())`)
      expect(await refusal(envOf(database))).toBe(
        'DATABASE_URL: a newer version of notes-api has migrated this database (1999999999999_links); ' +
          'start that version, or restore the backup from before the upgrade',
      )
    })

    test.each([
      ['other columns', 'create table migrations (version bigint primary key)'],
      [
        'the same columns and other names',
        `create table migrations (id serial primary key, name varchar(255) not null, run_on timestamp not null);
      insert into migrations (name, run_on) values ('0001_other_app', now())`,
      ],
      ['no rows of its own', 'create view migrations as select 1 as version'],
    ])('its schema has a table "migrations" of another program, with %s', async (_, statement) => {
      const database = await createDatabase()
      await run(database, statement)
      expect(await refusal(envOf(database))).toBe(
        'DATABASE_URL: the schema public has a table migrations that is not of notes-api; ' +
          'give notes-api a schema or a database of its own',
      )
      expect(await tablesOf(database)).toHaveLength(statement.includes('view') ? 0 : 1)
    })

    test('its schema has a table of the same name as one of ours', async () => {
      const database = await createDatabase()
      await run(database, 'create table users (id int)')
      expect(await refusal(envOf(database))).toBe(
        'DATABASE_URL: relation "users" already exists and is not of notes-api; ' +
          'give notes-api a schema or a database of its own',
      )
    })

    test('the role may not make tables in its schema', async () => {
      const database = await createDatabase()
      const role = await createRole(database)
      expect(await refusal(envOf(database, role))).toBe(
        `DATABASE_URL: the role ${role} may not make tables in the schema public; ` +
          `allow it with: grant create on schema "public" to "${role}"`,
      )
    })

    test('the role may use no schema of its search_path', async () => {
      const database = await createDatabase()
      const role = await createRole(database, 'revoke all on schema public from public')
      expect(await refusal(envOf(database, role))).toBe(
        `DATABASE_URL: the search_path of the role ${role} has no schema that it may use; ` +
          `make one with: create schema authorization "${role}"`,
      )
    })

    test('its tables belong to another role', async () => {
      const database = await createDatabase()
      await migrate({ ...cluster.connection, database })
      const role = await createRole(database, 'grant select on all tables in schema public to ROLE')
      expect(await refusal(envOf(database, role))).toMatch(
        new RegExp(
          `^DATABASE_URL: the role ${role} may not read and write the table \\w+; allow it with: grant select, `,
        ),
      )
      await run(database, `grant select, insert, update, delete on all tables in schema public to ${role}`)
      await serves(envOf(database, role))
    })

    test('the list of its migrations belongs to another role', async () => {
      const database = await createDatabase()
      await migrate({ ...cluster.connection, database })
      const role = await createRole(database)
      expect(await refusal(envOf(database, role))).toBe(
        'DATABASE_URL: the schema public has a table migrations that this role may not read; ' +
          'grant select on it, or make this role the owner of all tables',
      )
    })

    test('it stays read-only', async () => {
      const database = await createDatabase()
      await run('postgres', `alter database ${database} set default_transaction_read_only = on`)
      expect(await refusal(envOf(database))).toBe(
        'DATABASE_URL: default_transaction_read_only is on for this role or database; turn it off',
      )
    })

    test('it has no TLS, and sslmode asks for it', async () => {
      for (const mode of ['require', 'verify-full']) {
        expect(await refusal(envOf(await createDatabase(), 'notes', `?sslmode=${mode}`))).toBe(
          'DATABASE_URL: PostgreSQL has no TLS, which sslmode asks for; turn on TLS there, or write sslmode=disable',
        )
      }
    })

    test('the role may not connect', async () => {
      const database = await createDatabase()
      const role = await createRole(database, `revoke connect on database ${database} from public`)
      expect(await refusal(envOf(database, role))).toBe(
        `DATABASE_URL: PostgreSQL refuses the login: permission denied for database "${database}"`,
      )
    })

    test('it takes no connections', async () => {
      const database = await createDatabase()
      await run('postgres', `alter database ${database} allow_connections false`)
      expect(await refusal(envOf(database))).toBe(
        `DATABASE_URL: the database cannot be used: database "${database}" is not currently accepting connections`,
      )
    })

    test('the embedded database, too, is refused when a newer version has migrated it: the line names DATA_DIR', async () => {
      const dataDir = temporaryDirectory()
      const embedded = await startEmbedded({ dataDir })
      await migrate(embedded.connection)
      const client = new Client(embedded.connection)
      await client.connect()
      await client.query(`insert into migrations (name, run_on) values ('1999999999999_links', now())`)
      await client.end()
      await embedded.stop()
      expect(await refusal({ DATA_DIR: dataDir })).toMatch(/^DATA_DIR: a newer version of notes-api .+_links\)/)
    })
  },
)

describe("a role's own schema is used for everything", { timeout: 60_000 }, () => {
  test.each([
    ['by the search_path of DATABASE_URL', [], '?options=-c%20search_path%3Dkept'],
    ['by the search_path of the role', ['alter role ROLE set search_path = kept'], ''],
    ['by its name, as "$user"', ['alter schema kept rename to ROLE'], ''],
  ])('that it has %s, while public is closed', async (_, statements, parameters) => {
    const database = await createDatabase()
    const role = await createRole(
      database,
      'create schema kept authorization ROLE',
      'revoke all on schema public from public',
      ...statements,
    )
    const env = envOf(database, role, parameters)
    await serves(env)
    const [only, ...others] = await tablesOf(database)
    expect([only?.['schema'], others]).toEqual([statements.join('').includes('rename') ? role : 'kept', []])
    // The second start finds its migrations there.
    const server = await serve(env)
    expect(server.stdout()).not.toContain('the database was migrated')
    expect(await server.end('SIGTERM')).toBe(0)
    expect(await tablesOf(database)).toEqual([only])
  })

  test('so another program may have a table "migrations" in public', async () => {
    const database = await createDatabase()
    const role = await createRole(
      database,
      'create schema kept authorization ROLE',
      'alter role ROLE set search_path = kept, public',
      'create table public.migrations (id int, name text, run_on timestamp)',
      `insert into public.migrations values (1, 'theirs', now())`,
    )
    await serves(envOf(database, role))
    expect(await run(database, 'select name from public.migrations')).toEqual([{ name: 'theirs' }])
  })

  test('limits of a role that are meant for requests do not stop a migration', async () => {
    const database = await createDatabase()
    const role = await createRole(
      database,
      'grant create on schema public to ROLE',
      `alter role ROLE set statement_timeout = '1ms'`,
    )
    await serves(envOf(database, role))
  })
})
