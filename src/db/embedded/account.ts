import { readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The account that PostgreSQL runs as. `undefined` means the account of the server itself. */
export interface Account {
  readonly uid: number
  readonly gid: number
}

/**
 * PostgreSQL refuses to run as root. A server started by root runs it as an account that exists already: the owner of
 * the cluster, else of the data directory, of its parent or of the project, who can then still use the files; else
 * `nobody`.
 */
export function accountFor(dataDir: string, cluster: string): Account | undefined {
  if (process.getuid?.() !== 0) return undefined
  const owner = ownerOf(cluster)
  if (owner !== undefined && owner.uid !== 0) return owner
  const accounts = knownAccounts()
  for (const place of [dataDir, dirname(dataDir), join(import.meta.dirname, '..', '..', '..')]) {
    const uid = ownerOf(place)?.uid
    // initdb refuses a uid without a name, as on a mounted volume of another machine, so such an owner is skipped.
    const account = [...accounts.values()].find((known) => known.uid === uid)
    if (account !== undefined && account.uid !== 0) return account
  }
  return accounts.get('nobody') ?? { uid: 65_534, gid: 65_534 }
}

function ownerOf(path: string): Account | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats && { uid: stats.uid, gid: stats.gid }
}

function knownAccounts(): Map<string, Account> {
  const accounts = new Map<string, Account>()
  for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
    const [name, , uid, gid] = line.split(':')
    if (name && uid && gid) accounts.set(name, { uid: Number(uid), gid: Number(gid) })
  }
  return accounts
}

/** Whether the account can reach this path: it needs search (or execute) permission on it and on every parent. */
export function reachable(path: string, account: Account | undefined): boolean {
  if (account === undefined) return true
  for (let place = realpathSync(path); ; place = dirname(place)) {
    if (!searchable(place, account)) return false
    if (place === dirname(place)) return true
  }
}

/** POSIX checks only the first class that matches: an owner without the bit is refused even if others have it. */
function searchable(path: string, account: Account): boolean {
  const stats = statSync(path)
  const shift = stats.uid === account.uid ? 6 : stats.gid === account.gid ? 3 : 0
  return ((stats.mode >> shift) & 0o1) === 1
}
