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

/** The major of the binaries; a cluster of another one cannot be opened by them. */
const major = '18'

export const clusterIn = (dataDir: string): string => join(dataDir, `pg${major}`)

export function prepareDataDir(dataDir: string): void {
  try {
    // Searchable for others when root makes it: the unprivileged account has to pass through to its cluster.
    mkdirSync(dataDir, { recursive: true, mode: process.getuid?.() === 0 ? 0o711 : 0o700 })
    accessSync(dataDir, constants.W_OK | constants.X_OK)
    readdirSync(dataDir)
  } catch (error) {
    throw new StartupError(`DATA_DIR (${dataDir}) cannot be created or written: ${reasonOf(error)}.`)
  }
}

/**
 * How a process that was started inside the cluster names it. The kernel resolves this without looking at the
 * directories above, which the unprivileged account may not be able to pass (a clone under /root); every PostgreSQL
 * process keeps the cluster as its working directory, so the name holds for all of them.
 */
const here = existsSync('/proc/self/cwd') ? '/proc/self/cwd' : '.'

/** What to give postgres as -D: the real path where possible, because an operator reads it in the process list. */
export function nameForPostgres(dataDir: string, account: Account | undefined): string {
  if (reachable(clusterIn(dataDir), account)) return clusterIn(dataDir)
  if (here !== '.') return here
  throw new StartupError(
    `DATA_DIR (${dataDir}) cannot be reached by uid ${account?.uid}, which PostgreSQL runs as instead of root: ` +
      'choose a DATA_DIR outside private directories, or set DATABASE_URL.',
  )
}

/** Refuses what is no cluster of ours. Returns whether one is there. */
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
  // A link would let root hand whatever it points to over to the unprivileged account.
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
    `DATA_DIR (${dataDir}) holds a database of PostgreSQL ${version} (${name}), this server brings PostgreSQL ${major}: ` +
      'migrate it with that version, or choose another DATA_DIR.',
  )

/** Leaves a cluster that PostgreSQL will accept: whole, of our major, 0700 and owned by the account. */
export async function ensureCluster(
  dataDir: string,
  account: Account | undefined,
  binaries: Binaries,
  options: { readonly sync: boolean; readonly log: (line: string) => void },
): Promise<void> {
  const cluster = clusterIn(dataDir)
  try {
    for (const name of readdirSync(dataDir)) {
      // What a killed initdb left; the owner lock says that no other one is at work. Next time, if it resists.
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

/** In a directory beside, renamed when whole: a cluster either is not there or is complete and on the disk. */
async function createCluster(
  dataDir: string,
  account: Account | undefined,
  binaries: Binaries,
  { sync, log }: { readonly sync: boolean; readonly log: (line: string) => void },
): Promise<void> {
  const fresh = mkdtempSync(join(dataDir, `pg${major}.init-`))
  try {
    if (account !== undefined) chownSync(fresh, account.uid, account.gid)
    // `trust`, because the socket is the only way in, and its directory and itself are 0700: whoever can connect is
    // this user (or root) and could read the files as well. A password would have to lie beside them.
    const flags =
      '--username=notes --auth=trust --encoding=UTF8 --locale=C --locale-provider=builtin --builtin-locale=C.UTF-8 ' +
      `--no-instructions ${sync ? '' : '--no-sync'}`
    const initdb = spawn(binaries.initdb, [`--pgdata=${here}`, ...flags.split(' ').filter(Boolean)], {
      ...account,
      cwd: fresh,
      env: binaries.env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const said: string[] = []
    initdb.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text))
    const code = await new Promise<number | string>((resolve) => {
      initdb.once('error', (error) => resolve(spawnReason(error)))
      initdb.once('close', (status, signal) => resolve(status ?? signal ?? 'unknown'))
    })
    if (code !== 0) {
      throw new StartupError(
        `DATA_DIR (${dataDir}): the database could not be created: ${lastWord(said.join('')) ?? `initdb: ${code}`} ` +
          '(mend that, or set DATABASE_URL).',
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

/** The line of a PostgreSQL program that says why it gave up; what follows it is tidying and hints. */
export function lastWord(output: string): string | undefined {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  const line = lines.findLast((text) => /(PANIC|FATAL|ERROR|error): /.test(text)) ?? lines.at(-1)
  return line?.replace(/^.*?(PANIC|FATAL|ERROR|error): +/, '').trim()
}

export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** A binary that is there and yet "not found" lacks its loader: the packages are built for glibc. */
export function spawnReason(error: Error): string {
  const code = 'code' in error ? error.code : undefined
  if (code === 'ENOENT') return `${error.message} (its system library is missing; the binaries need glibc)`
  if (code === 'EPERM') return `${error.message} (root may not change to an unprivileged account here)`
  return error.message
}
