import { createHash } from 'node:crypto'
import { chownSync, lchownSync, lstatSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { StartupError } from '../../startup-error.ts'
import type { Account } from './account.ts'
import { clusterIn, makeDirectory } from './data-dir.ts'

export const port = 5432

const socketName = `.s.PGSQL.${port}`

/** sun_path has 108 bytes on Linux and 104 on macOS, including the terminating zero. */
const longestPath = process.platform === 'linux' ? 107 : 103

const insideCluster = (dataDir: string): string => join(clusterIn(resolve(dataDir)), 'socket')

/** Inside the cluster. If that path is too long for a socket, a private directory whose name is derived from it. */
function socketDirectory(dataDir: string): string {
  const inside = insideCluster(dataDir)
  if (Buffer.byteLength(join(inside, socketName)) <= longestPath) return inside
  return join(tmpdir(), `notes-${createHash('sha256').update(inside).digest('hex').slice(0, 20)}`)
}

/** What pg.Pool needs; `host` is the directory of the socket. */
export interface EmbeddedConnection {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
}

/** The address depends on the data directory only, so a pool can be created before PostgreSQL is ready. */
export function embeddedConnection(dataDir: string): EmbeddedConnection {
  return { host: socketDirectory(dataDir), port, user: 'notes', database: 'notes' }
}

/**
 * Creates the directory, or empties it: we hold the owner lock and no postgres runs, so a socket in it is stale.
 * Returns its path for the postgres setting: inside the cluster relative to it, so special characters do not matter.
 */
export function prepareSocketDirectory(dataDir: string, account: Account | undefined): string {
  const directory = socketDirectory(dataDir)
  if (directory === insideCluster(dataDir)) {
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(directory, { mode: 0o700 })
    if (account !== undefined) lchownSync(directory, account.uid, account.gid)
    return 'socket'
  }
  // Other users may write to the parent, so an existing directory must be ours; the parent's sticky bit protects it.
  if (makeDirectory(directory, 0o700) && account) chownSync(directory, account.uid, account.gid)
  const stats = lstatSync(directory)
  const owner = account?.uid ?? process.getuid?.()
  if (!stats.isDirectory() || stats.uid !== owner || (stats.mode & 0o077) !== 0) {
    throw new StartupError(
      `DATA_DIR (${dataDir}) is too long for a socket, and ${directory} is not a private directory of this user: ` +
        'choose a shorter DATA_DIR.',
    )
  }
  for (const name of [socketName, `${socketName}.lock`]) rmSync(join(directory, name), { force: true })
  return `"${directory.replaceAll('"', '""')}"`
}
