import { createHash } from 'node:crypto'
import { chownSync, lchownSync, lstatSync, mkdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { StartupError } from '../../startup-error.ts'
import type { Account } from './account.ts'
import { clusterIn } from './cluster.ts'

export const port = 5432

const socketName = `.s.PGSQL.${port}`

/** sun_path holds 108 bytes with its final zero on Linux, 104 on macOS. */
const longestPath = process.platform === 'linux' ? 107 : 103

const insideCluster = (dataDir: string): string => join(clusterIn(resolve(dataDir)), 'socket')

/** Inside the cluster, or, where that path is too long for a socket, in a private directory named after it. */
export function socketDirectory(dataDir: string): string {
  const inside = insideCluster(dataDir)
  if (Buffer.byteLength(join(inside, socketName)) <= longestPath) return inside
  return join(tmpdir(), `notes-${createHash('sha256').update(inside).digest('hex').slice(0, 20)}`)
}

/**
 * Makes the directory, empty: with the owner lock held and no postgres left, a socket in it is stale.
 * Returns how postgres shall name it: relative to the cluster, whatever characters the path contains.
 */
export function prepareSocketDirectory(dataDir: string, account: Account | undefined): string {
  const directory = socketDirectory(dataDir)
  if (directory === insideCluster(dataDir)) {
    rmSync(directory, { recursive: true, force: true })
    mkdirSync(directory, { mode: 0o700 })
    if (account !== undefined) lchownSync(directory, account.uid, account.gid)
    return 'socket'
  }
  // Others may write to the parent, so what is there already must be ours; its sticky bit then keeps it ours.
  if (mkdirSync(directory, { recursive: true, mode: 0o700 }) && account) chownSync(directory, account.uid, account.gid)
  const stats = lstatSync(directory)
  const owner = account?.uid ?? process.getuid?.()
  if (!stats.isDirectory() || stats.uid !== owner || (stats.mode & 0o077) !== 0) {
    throw new StartupError(
      `DATA_DIR (${dataDir}) is too long for a socket and ${directory} is not ours: choose a shorter DATA_DIR.`,
    )
  }
  for (const name of [socketName, `${socketName}.lock`]) rmSync(join(directory, name), { force: true })
  return `"${directory.replaceAll('"', '""')}"`
}
