import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  statSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { StartupError } from '../../startup-error.ts'

/** The major version of the binaries. They cannot open a cluster of another major version. */
export const major = '18'

export const clusterIn = (dataDir: string): string => join(dataDir, `pg${major}`)

/**
 * A path to the cluster for a process whose working directory is the cluster. The kernel resolves it without the parent
 * directories, which the unprivileged account may not be allowed to search (a clone under /root). Every PostgreSQL
 * process keeps the cluster as its working directory, so the path works in all of them.
 */
export const here = existsSync('/proc/self/cwd') ? '/proc/self/cwd' : '.'

/** Less than two segments of the write-ahead log: PostgreSQL may have ended for want of one. */
const LITTLE_SPACE = 32 * 1024 * 1024

/** Creates the directory if it is missing, and returns whether it was. Throws unless files can be created in it. */
export function prepareDataDir(dataDir: string): boolean {
  try {
    // If root creates it, others may search it: the unprivileged account must be able to reach its cluster inside.
    const isNew = makeDirectory(dataDir, process.getuid?.() === 0 ? 0o711 : 0o700)
    accessSync(dataDir, constants.W_OK | constants.X_OK)
    readdirSync(dataDir)
    // A deleted directory that is still mounted lets everyone in and takes nothing.
    rmSync(mkdtempSync(join(dataDir, `pg${major}.init-`)), { recursive: true, force: true })
    return isNew
  } catch (error) {
    throw new StartupError(
      `DATA_DIR (${dataDir}) cannot be created or written: ${explain(error)}. ` +
        'Choose another DATA_DIR, or set DATABASE_URL.',
    )
  }
}

/**
 * Creates the directory and the parents that are missing, and returns whether it did. The `recursive` of mkdirSync never
 * returns below a directory that exists but takes no directories, such as /proc or a deleted one that is still mounted.
 */
export function makeDirectory(path: string, mode: number): boolean {
  if (isDirectory(path)) return false
  if (dirname(path) !== path) makeDirectory(dirname(path), mode)
  try {
    mkdirSync(path, mode)
    return true
  } catch (error) {
    // Another process may have created it meanwhile.
    if (isDirectory(path)) return false
    throw error
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}

/** What is in the way, in words; the error's own text for anything else. */
function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { code, syscall, path = '' } = error as NodeJS.ErrnoException
  const parent = syscall === 'mkdir' || syscall === 'mkdtemp' ? dirname(path) : path
  switch (code) {
    case 'EEXIST':
    case 'ENOTDIR':
      return `${path} is not a directory`
    case 'ENOENT':
      return `${parent} takes no new directories`
    case 'EROFS':
      return `the file system of ${path} is read-only`
    case 'ENOSPC':
    case 'EDQUOT':
      return `the disk of ${parent} is full`
    case 'EACCES':
    case 'EPERM':
      return `the user of this process (uid ${process.getuid?.()}) may not write to ${parent}`
    default:
      return error.message
  }
}

/** A remark for the log when the disk is nearly full: PostgreSQL's own log may be cut off by the same lack of space. */
export function spaceRemark(dataDir: string): string {
  try {
    const { bavail, bsize } = statfsSync(dataDir)
    const free = bavail * bsize
    return free < LITTLE_SPACE ? `; the disk of DATA_DIR has only ${(free / 1024 / 1024).toFixed(1)} MiB left` : ''
  } catch {
    return ''
  }
}
