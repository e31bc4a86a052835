import { Client } from 'pg'
import { loadConfig, type Config } from '../../src/config/config.ts'
import { type Connection, connectionConfig } from '../../src/db/database.ts'
import { TABLES } from '../../src/db/preflight.ts'
import { SILENT } from '../../src/backup/progress.ts'
import { verifyBackup } from '../../src/backup/read-backup.ts'
import { restoreBackup } from '../../src/backup/restore-backup.ts'
import { type BackupSource, type MadeBackup, writeBackup } from '../../src/backup/write-backup.ts'
import { SECRET_KEY } from '../support/server.ts'

/** Where a database of the tests is. */
export type Place = Exclude<Connection, string> & { readonly password?: string }

export async function query<R extends Record<string, unknown>>(place: Place, text: string): Promise<R[]> {
  const client = new Client(connectionConfig(place))
  await client.connect()
  try {
    return (await client.query<R>(text)).rows
  } finally {
    await client.end()
  }
}

/** The number and the digest of the rows of each table; those of the epoch differ on purpose. */
export async function contentsOf(place: Place): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const name of TABLES.filter((table) => table !== 'change_epoch')) {
    const [row] = await query<{ is: string }>(
      place,
      `select count(*) || ' ' || coalesce(md5(string_agg(t::text, e'\\n' order by t::text)), '') as is from ${name} t`,
    )
    found[name] = row?.is ?? ''
  }
  return found
}

export function urlOf({ host, port, user, password = '', database }: Place): string {
  const login = password === '' ? user : `${user}:${encodeURIComponent(password)}`
  return `postgres://${login}@localhost:${port}/${database}?host=${encodeURIComponent(host)}`
}

export function configOf(place: Place): Config {
  return loadConfig({ DATABASE_URL: urlOf(place), SECRET_KEY })
}

export function backUp(place: Place, file: string, given: Partial<BackupSource> = {}): Promise<MadeBackup> {
  const target = { connection: urlOf(place), setting: 'DATABASE_URL' } as const
  const source = { target, secretKey: SECRET_KEY, appVersion: '2.0.0', ...given }
  return writeBackup(source, file, { progress: SILENT, signal: new AbortController().signal })
}

export async function restore(file: string, config: Config, replaces = false): Promise<void> {
  const options = { replaces, progress: SILENT, signal: new AbortController().signal }
  await restoreBackup(await verifyBackup(file, SILENT), config, options)
}
