import { randomBytes } from 'node:crypto'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { Client, Pool } from 'pg'
import { inject } from 'vitest'
import type { DB } from '../../generated/db.d.ts'
import { connectionConfig, createDatabase, type Database } from '../../src/db/database.ts'
import { NamedClient } from '../../src/db/named-client.ts'
import { typeParsers } from '../../src/db/type-parsers.ts'
import { TEMPLATE } from './cluster.ts'

type Target = ReturnType<typeof targetOf>

export interface TestDatabase {
  readonly connection: Target
  readonly db: Database
  readonly drop: () => Promise<void>
}

export interface DatabaseOptions {
  readonly empty?: boolean
  readonly poolSize?: number
  /** Copied instead of the migrated template: a database with rows and without open connections. */
  readonly copyOf?: TestDatabase
}

/** In the environment of a run whose servers reach PostgreSQL through a pooler (tests/db/pooler.test.ts). */
export const POOLER_PORT = 'TEST_POOLER_PORT'

/** A new database, copied from the migrated template, or empty for tests that migrate it themselves. */
export async function createTestDatabase(options: DatabaseOptions = {}): Promise<TestDatabase> {
  const name = `notes_test_${randomBytes(8).toString('hex')}`
  const template = options.copyOf?.connection.database ?? TEMPLATE
  await administer(`create database ${name} ${options.empty === true ? '' : `template ${template}`}`)
  const connection = targetOf(name)
  const pool = { poolSize: options.poolSize ?? 10, onIdleError: () => undefined }
  const pooler = process.env[POOLER_PORT]
  const db =
    pooler === undefined
      ? createDatabase({ connection, ...pool })
      : createDatabase({
          connection: { ...connection, host: '127.0.0.1', port: Number(pooler) },
          isPooled: true,
          ...pool,
        })
  const drop = async (): Promise<void> => {
    await db.destroy()
    await administer(`drop database ${name} with (force)`)
  }
  return { connection, db, drop }
}

/**
 * The same database for a second server, without the time limits of ours: a request of that server waits for a lock for
 * as long as a test holds it.
 */
export async function withoutTimeLimits(db: Database): Promise<Pick<TestDatabase, 'db'>> {
  const { rows } = await sql<{ name: string }>`select current_database() as name`.execute(db)
  const connection = connectionConfig(targetOf(rows[0]?.name ?? ''))
  const pool = new Pool({ ...connection, types: typeParsers, Client: NamedClient })
  // A connection that has not quite ended when its database is dropped.
  pool.on('error', () => undefined)
  return { db: new Kysely<DB>({ dialect: new PostgresDialect({ pool }) }) }
}

function targetOf(database: string) {
  return { ...inject('cluster'), database }
}

async function administer(statement: string): Promise<void> {
  const client = new Client(connectionConfig(targetOf('postgres')))
  await client.connect()
  try {
    await client.query(statement)
  } finally {
    await client.end()
  }
}
