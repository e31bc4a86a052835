import { chmodSync, existsSync, lchownSync, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { StartupError } from '../../startup-error.ts'
import { reachable, type Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { clusterIn, here, major } from './data-dir.ts'
import { createCluster, remove, type InitdbOptions } from './initdb.ts'
import { reasonOf } from './messages.ts'

/** The value of postgres -D: the real path if possible, because operators see it in the process list. */
export function nameForPostgres(dataDir: string, account: Account | undefined): string {
  if (reachable(clusterIn(dataDir), account)) return clusterIn(dataDir)
  if (here !== '.') return here
  throw new StartupError(
    `DATA_DIR (${dataDir}) cannot be reached by uid ${account?.uid}, which PostgreSQL runs as instead of root: ` +
      'choose a DATA_DIR outside private directories, or set DATABASE_URL.',
  )
}

/** Returns whether our cluster exists. Throws if something else is in its place. */
function findCluster(dataDir: string): boolean {
  const cluster = clusterIn(dataDir)
  const entries = readdirSync(dataDir)
  if (entries.includes('PG_VERSION')) {
    throw new StartupError(
      `DATA_DIR (${dataDir}) is itself a PostgreSQL data directory: set DATA_DIR to an empty one, ` +
        'or DATABASE_URL to the server it belongs to.',
    )
  }
  if (!entries.includes(`pg${major}`)) {
    const other = entries.find((name) => /^pg\d+$/.test(name) && existsSync(join(dataDir, name, 'PG_VERSION')))
    if (other === undefined) return false
    throw anotherMajor(dataDir, other, other.slice(2))
  }
  const stats = lstatSync(cluster)
  // Through a link, root would give the unprivileged account files outside DATA_DIR.
  if (!stats.isDirectory()) {
    const remedy = 'put the directory itself there, or move this out of DATA_DIR'
    throw new StartupError(`DATA_DIR (${dataDir}) holds a pg${major} that is not a directory: ${remedy}.`)
  }
  const uid = process.getuid?.()
  if (uid !== undefined && uid !== 0 && stats.uid !== uid) {
    throw new StartupError(
      `DATA_DIR (${dataDir}) holds a database of uid ${stats.uid}, but this server runs as uid ${uid}: ` +
        'start it as that user or as root, or choose another DATA_DIR.',
    )
  }
  if (readdirSync(cluster).length === 0) return false
  const version = existsSync(join(cluster, 'PG_VERSION')) && readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim()
  if (version === false) {
    throw new StartupError(`DATA_DIR (${dataDir}) holds a pg${major} without PG_VERSION: move it out of DATA_DIR.`)
  }
  if (version !== major) throw anotherMajor(dataDir, `pg${major}`, version)
  return true
}

const anotherMajor = (dataDir: string, name: string, version: string): StartupError =>
  new StartupError(
    `DATA_DIR (${dataDir}) holds a database of PostgreSQL ${version} (${name}), but this server runs ` +
      `PostgreSQL ${major}: make a backup with the version of notes-api that it belongs to, and restore it into ` +
      'another DATA_DIR.',
  )

/** Ensures a cluster that PostgreSQL accepts: complete, of our major version, 0700 and owned by the account. */
export async function ensureCluster(
  dataDir: string,
  account: Account | undefined,
  binaries: Binaries,
  options: InitdbOptions,
): Promise<void> {
  const cluster = clusterIn(dataDir)
  try {
    for (const name of readdirSync(dataDir)) {
      // Left by a killed initdb: we hold the owner lock, so no other initdb is running here.
      if (name.startsWith(`pg${major}.init-`)) remove(join(dataDir, name))
    }
    if (!findCluster(dataDir)) await createCluster(dataDir, account, binaries, options)
    if (account !== undefined && statSync(cluster).uid !== account.uid) chownAll(cluster, account)
    chmodSync(cluster, 0o700)
  } catch (error) {
    if (error instanceof StartupError) throw error
    throw new StartupError(`DATA_DIR (${dataDir}) cannot be prepared for PostgreSQL: ${reasonOf(error)}.`)
  }
}

function chownAll(path: string, account: Account): void {
  lchownSync(path, account.uid, account.gid)
  if (!lstatSync(path).isDirectory()) return
  for (const name of readdirSync(path)) chownAll(join(path, name), account)
}
