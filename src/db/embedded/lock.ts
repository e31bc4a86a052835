import { chmodSync, chownSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { StartupError } from '../../startup-error.ts'
import type { Account } from './account.ts'

export interface OwnerLock {
  release(): void
}

/** After a kill it may take this long until the kernel has released the lock. */
const waitMs = 1_000

/**
 * Allows one server per data directory. The kernel holds the lock (fcntl) and releases it when the process dies for any
 * reason, so a reused pid cannot look like the holder; it also works between containers that share a volume.
 * Node offers fcntl locks only through SQLite, so we keep an exclusive transaction open on an empty file.
 * No other code in this process may open that file: POSIX drops the lock when any descriptor of the file is closed.
 */
export async function lockDataDir(dataDir: string, account: Account | undefined): Promise<OwnerLock> {
  const path = join(dataDir, 'pg18.lock')
  const ownerFile = join(dataDir, 'pg18.owner')
  const deadline = Date.now() + waitMs
  for (;;) {
    const lock = tryLock(path, dataDir)
    if (lock !== undefined) {
      writeFileSync(ownerFile, `${process.pid}\n`)
      chmodSync(path, 0o600)
      // So that the account can start the server itself later, without root.
      for (const file of account ? [path, ownerFile] : []) chownSync(file, account?.uid ?? 0, account?.gid ?? 0)
      return { release: () => lock.isOpen && lock.close() }
    }
    if (Date.now() > deadline) {
      const pid = existsSync(ownerFile) ? readFileSync(ownerFile, 'utf8').trim() : 'unknown'
      throw new StartupError(
        `DATA_DIR (${dataDir}) is in use by another server (pid ${pid}): stop that server or choose another DATA_DIR.`,
      )
    }
    await delay(25)
  }
}

function tryLock(path: string, dataDir: string): DatabaseSync | undefined {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(path, { timeout: 0 })
    database.exec('BEGIN EXCLUSIVE')
    return database
  } catch (error) {
    database?.close()
    const busy = 5 // SQLITE_BUSY
    if (error instanceof Error && 'errcode' in error && error.errcode === busy) return undefined
    const reason = error instanceof Error ? error.message : String(error)
    throw new StartupError(`DATA_DIR (${dataDir}) cannot be locked (pg18.lock: ${reason}).`)
  }
}
