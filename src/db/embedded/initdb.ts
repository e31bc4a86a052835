import { spawn } from 'node:child_process'
import { chownSync, closeSync, fsyncSync, mkdtempSync, openSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { StartupError } from '../../startup-error.ts'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { clusterIn, here, major } from './data-dir.ts'
import { errorIn, spawnReason } from './messages.ts'

export interface InitdbOptions {
  readonly sync: boolean
  readonly log: (line: string) => void
  /** Ends initdb when the server is to stop. */
  readonly signal: AbortSignal
}

/** Created in a temporary directory and then renamed, so a cluster is either absent or complete and on the disk. */
export async function createCluster(
  dataDir: string,
  account: Account | undefined,
  binaries: Binaries,
  { sync, log, signal }: InitdbOptions,
): Promise<void> {
  const fresh = mkdtempSync(join(dataDir, `pg${major}.init-`))
  try {
    if (account !== undefined) chownSync(fresh, account.uid, account.gid)
    log(`creating the database in ${clusterIn(dataDir)}; this takes a few seconds`)
    const { code, output } = await runInitdb(fresh, account, binaries, { sync, signal })
    if (code !== 0) {
      throw new StartupError(
        `DATA_DIR (${dataDir}): the database could not be created: ${errorIn(output) ?? `initdb: ${code}`} ` +
          '(fix that, or set DATABASE_URL).',
      )
    }
    renameSync(fresh, clusterIn(dataDir))
  } catch (error) {
    remove(fresh)
    throw error
  }
  if (sync) syncDirectory(dataDir)
  log(`created a PostgreSQL ${major} database in ${clusterIn(dataDir)}`)
}

async function runInitdb(
  directory: string,
  account: Account | undefined,
  binaries: Binaries,
  { sync, signal }: Pick<InitdbOptions, 'sync' | 'signal'>,
): Promise<{ code: number | string; output: string }> {
  // `trust` is safe: PostgreSQL listens only on the socket, which is 0700 like its directory, so only this user and
  // root can connect, and both can read the files anyway. A password would have to be stored beside those files.
  const flags =
    '--username=notes --auth=trust --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 ' +
    `--no-instructions ${sync ? '' : '--no-sync'}`
  const initdb = spawn(binaries.initdb, [`--pgdata=${here}`, ...flags.split(' ').filter(Boolean)], {
    ...account,
    cwd: directory,
    env: binaries.env,
    // A process group of its own: Ctrl-C in a terminal reaches every process of the group, and we end initdb ourselves.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const end = (): void => {
    signalGroup(initdb.pid, 'SIGTERM')
    force = setTimeout(() => signalGroup(initdb.pid, 'SIGKILL'), 2_000)
  }
  let force: NodeJS.Timeout | undefined
  signal.addEventListener('abort', end, { once: true })
  if (signal.aborted) end()
  const texts: string[] = []
  initdb.stderr.setEncoding('utf8').on('data', (text: string) => texts.push(text))
  const code = await new Promise<number | string>((resolve) => {
    initdb.once('error', (error) => resolve(spawnReason(error)))
    initdb.once('close', (status, how) => resolve(status ?? how ?? 'unknown'))
  })
  signal.removeEventListener('abort', end)
  clearTimeout(force)
  return { code, output: texts.join('') }
}

/** initdb runs a shell and postgres, which belong to its group. */
function signalGroup(pid: number | undefined, signal: NodeJS.Signals): void {
  try {
    if (pid !== undefined) process.kill(-pid, signal)
  } catch {
    // It has ended.
  }
}

/** Processes that were just killed may still be creating files in it. */
export function remove(directory: string): void {
  rmSync(directory, { recursive: true, force: true, maxRetries: 3 })
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}
