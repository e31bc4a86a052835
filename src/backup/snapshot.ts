import type { Client } from 'pg'
import { to as copyTo } from 'pg-copy-streams'
import { knownMigrations } from '../db/migrate.ts'
import { readLedger, TABLES } from '../db/preflight.ts'
import type { DatabaseSetting } from '../db/start-faults.ts'
import { Refusal } from '../command-errors.ts'
import type { Manifest } from './manifest.ts'

/** Of notes-api, as the bytes of its name. Only one backup of a database is made at a time. */
const BACKUP_LOCK = 0x6e_6f_74_65_73

const PART_BYTES = 256 * 1024

export interface Table {
  readonly name: string
  readonly columns: readonly string[]
}

export type SnapshotInfo = Pick<Manifest, 'postgres_version' | 'created_at' | 'migrations'>

/** Begins a transaction that sees the database as it is now, whatever others write meanwhile. It locks no row. */
export async function beginSnapshot(client: Client, setting: DatabaseSetting): Promise<SnapshotInfo> {
  await client.query('begin transaction isolation level repeatable read read only')
  const { rows } = await client.query<{ is_mine: boolean; version: string; now: string }>(
    `select pg_try_advisory_xact_lock(${BACKUP_LOCK}) as is_mine, current_setting('server_version') as version,
      to_char(now(), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as now`,
  )
  const [{ is_mine, version, now } = { is_mine: false, version: '', now: '' }] = rows
  if (!is_mine) throw new Refusal('another backup of this database is being made')
  const { applied } = await readLedger(client, setting, knownMigrations())
  if (applied === undefined) throw new Refusal('the database has no tables yet: start the server once')
  return { postgres_version: version, created_at: now, migrations: applied }
}

/** Those of these tables that are in this database, each after those that it refers to. */
export async function readTables(client: Client, names: readonly string[] = TABLES): Promise<Table[]> {
  const { rows } = await client.query<{ name: string; columns: string[]; needs: string[] }>(
    `select relname::text as name,
      array(select attname::text from pg_attribute
        where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '' order by attnum) as columns,
      array(select other.relname::text from pg_constraint join pg_class other on other.oid = confrelid
        where conrelid = c.oid and contype = 'f' and confrelid <> conrelid) as needs
    from unnest($1::text[]) as name join pg_class c on c.oid = to_regclass(quote_ident(name)) order by 1`,
    [names],
  )
  const left = new Map(rows.map((row) => [row.name, row]))
  const ordered: Table[] = []
  while (left.size > 0) {
    const next = [...left.values()].filter(({ needs }) => !needs.some((name) => left.has(name)))
    if (next.length === 0) throw new Error('The tables refer to each other in a circle')
    for (const { name, columns } of next) {
      left.delete(name)
      ordered.push({ name, columns })
    }
  }
  return ordered
}

export function copyTarget(client: Client, { name, columns }: Table): string {
  return `${client.escapeIdentifier(name)} (${columns.map((column) => client.escapeIdentifier(column)).join(', ')})`
}

/** The rows of a table in COPY's text format, which every version of PostgreSQL reads, in parts of whole rows. */
export async function* copyOut(client: Client, table: Table): AsyncGenerator<Buffer, void, undefined> {
  const rows = client.query(copyTo(`copy ${copyTarget(client, table)} to stdout`))
  let chunks: Buffer[] = []
  let size = 0
  for await (const chunk of bytesOf(rows)) {
    const end = chunk.lastIndexOf(10) + 1
    if (end === 0 || size + end < PART_BYTES) {
      chunks.push(chunk)
      size += chunk.length
      continue
    }
    yield Buffer.concat([...chunks, chunk.subarray(0, end)])
    chunks = [chunk.subarray(end)]
    size = chunk.length - end
  }
  if (size > 0) yield Buffer.concat(chunks)
}

/** Streams are typed for any kind of chunk. */
async function* bytesOf(stream: AsyncIterable<unknown>): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of stream) {
    if (!Buffer.isBuffer(chunk)) throw new TypeError('A stream of bytes gave something else')
    yield chunk
  }
}
