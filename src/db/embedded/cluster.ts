import { spawn } from 'node:child_process'
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  existsSync,
  fsyncSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { StartupError } from '../../startup-error.ts'
import { reachable, type Account } from './account.ts'
import type { Binaries } from './binaries.ts'

/** The major version of the binaries. They cannot open a cluster of another major version. */
const major = '18'

export const clusterIn = (dataDir: string): string => join(dataDir, `pg${major}`)

export function prepareDataDir(dataDir: string): void {
  try {
    // If root creates it, others may search it: the unprivileged account must be able to reach its cluster inside.
    mkdirSync(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 })
    accessSync(dataDir, constants.W_OK | constants.X_OK)
    readdirSync(dataDir)
  } catch (error) {
    throw new StartupError(`DATA_DIR (${dataDir}) cannot be created or written: ${reasonOf(error)}.`)
  }
}

/**
 * A path to the cluster for a process whose working directory is the cluster. The kernel resolves it without the parent
 * directories, which the unprivileged account may not be allowed to search (a clone under /root). Every PostgreSQL
 * process keeps the cluster as its working directory, so the path works in all of them.
 */
const here = existsSync('/proc/self/cwd') ? '/proc/self/cwd' : '.'

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
  if (!stats.isDirectory()) throw new StartupError(`DATA_DIR (${dataDir}) holds a pg${major} that is not a directory.`)
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
      `PostgreSQL ${major}: dump it with its own version and restore it here, or choose another DATA_DIR.`,
  )

/** Ensures a cluster that PostgreSQL accepts: complete, of our major version, 0700 and owned by the account. */
export async function ensureCluster(
  dataDir: string,
  account: Account | undefined,
  binaries: Binaries,
  options: { readonly sync: boolean; readonly log: (line: string) => void },
): Promise<void> {
  const cluster = clusterIn(dataDir)
  try {
    for (const name of readdirSync(dataDir)) {
      // Left by a killed initdb: we hold the owner lock, so no other initdb is running here.
      if (name.startsWith(`pg${major}.init-`)) rmSync(join(dataDir, name), { recursive: true, force: true })
    }
    if (!findCluster(dataDir)) await createCluster(dataDir, account, binaries, options)
    if (account !== undefined && statSync(cluster).uid !== account.uid) chownAll(cluster, account)
    chmodSync(cluster, 0o700)
  } catch (error) {
    if (error instanceof StartupError) throw error
    throw new StartupError(`DATA_DIR (${dataDir}) cannot be prepared for PostgreSQL: ${reasonOf(error)}.`)
  }
}

/** Created in a temporary directory and then renamed, so a cluster is either absent or complete and on the disk. */
async function createCluster(
  dataDir: string,
  account: Account | undefined,
  binaries: Binaries,
  { sync, log }: { readonly sync: boolean; readonly log: (line: string) => void },
): Promise<void> {
  const fresh = mkdtempSync(join(dataDir, `pg${major}.init-`))
  try {
    if (account !== undefined) chownSync(fresh, account.uid, account.gid)
    // `trust` is safe: PostgreSQL listens only on the socket, which is 0700 like its directory, so only this user and
    // root can connect, and both can read the files anyway. A password would have to be stored beside those files.
    const flags =
      '--username=notes --auth=trust --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 ' +
      `--no-instructions ${sync ? '' : '--no-sync'}`
    const initdb = spawn(binaries.initdb, [`--pgdata=${here}`, ...flags.split(' ').filter(Boolean)], {
      ...account,
      cwd: fresh,
      env: binaries.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const output: string[] = []
    initdb.stderr.setEncoding('utf8').on('data', (text: string) => output.push(text))
    const code = await new Promise<number | string>((resolve) => {
      initdb.once('error', (error) => resolve(spawnReason(error)))
      initdb.once('close', (status, signal) => resolve(status ?? signal ?? 'unknown'))
    })
    if (code !== 0) {
      throw new StartupError(
        `DATA_DIR (${dataDir}): the database could not be created: ${errorIn(output.join('')) ?? `initdb: ${code}`} ` +
          '(fix that, or set DATABASE_URL).',
      )
    }
    renameSync(fresh, clusterIn(dataDir))
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true, maxRetries: 3 })
    throw error
  }
  if (sync) syncDirectory(dataDir)
  log(`created a PostgreSQL ${major} database in ${clusterIn(dataDir)}`)
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}

function chownAll(path: string, account: Account): void {
  lchownSync(path, account.uid, account.gid)
  if (!lstatSync(path).isDirectory()) return
  for (const name of readdirSync(path)) chownAll(join(path, name), account)
}

/** The last error that a PostgreSQL program printed. The lines after it are only about cleaning up, and hints. */
export function errorIn(output: string): string | undefined {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  const line = lines.findLast((text) => /(PANIC|FATAL|ERROR|error): /.test(text)) ?? lines.at(-1)
  return line?.replace(/^.*?(PANIC|FATAL|ERROR|error): +/, '').trim()
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** ENOENT for a binary that exists means that its loader is missing: the packages are built for glibc. */
export function spawnReason(error: Error): string {
  const code = 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return `${error.message} (the binaries need glibc, which is missing)`
  if (code === 'EPERM') return `${error.message} (root may not switch to an unprivileged account here)`
  return error.message
}
