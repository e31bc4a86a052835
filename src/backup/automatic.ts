import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import { makeDirectory } from '../db/embedded/data-dir.ts'
import { reasonOf } from '../db/pg-errors.ts'
import { Refusal } from '../command-errors.ts'
import { megabytes, SILENT } from './progress.ts'
import { PARTIAL } from './whole-file.ts'
import { type BackupSource, writeBackup } from './write-backup.ts'

export interface AutomaticBackups {
  readonly source: BackupSource
  readonly directory: string
  readonly everySeconds: number
  /** How many are kept. */
  readonly keep: number
  readonly log: Logger
}

const NAME = /^notes-\d{4}-\d\d-\d\dT\d{6}Z\.tar\.zst$/
/** The clock may be set meanwhile, and a timer cannot wait for more than 24 days. */
const LONGEST_WAIT_MS = 60 * 60_000

/**
 * Makes a backup whenever the newest one in the directory is old enough. So a restart changes nothing, and of several
 * servers that share the directory one makes it. A failure is logged, and the next attempt comes when the next backup
 * would have been due. Returns the function that stops it.
 */
export function startBackups(backups: AutomaticBackups): () => Promise<void> {
  const stopping = new AbortController()
  const { signal } = stopping
  const everyMs = backups.everySeconds * 1_000
  const run = async (): Promise<void> => {
    let triedAt = Number.NEGATIVE_INFINITY
    while (!signal.aborted) {
      const due = Math.max(await newestIn(backups.directory), triedAt) + everyMs
      const wait = Math.min(due - Date.now(), LONGEST_WAIT_MS)
      if (wait > 0) await delay(wait, undefined, { signal, ref: false }).catch(() => undefined)
      else {
        await makeOne(backups, signal)
        // Also after a success: a directory that cannot be listed must not mean that another one is due at once.
        triedAt = Date.now()
      }
    }
  }
  const running = run()
  return () => {
    stopping.abort()
    return running
  }
}

async function makeOne({ source, directory, keep, log }: AutomaticBackups, signal: AbortSignal): Promise<void> {
  try {
    makeDirectory(directory, 0o700)
    const path = join(directory, `notes-${new Date().toISOString().slice(0, 19).replaceAll(':', '')}Z.tar.zst`)
    const { notes, bytes, seconds } = await writeBackup(source, path, { progress: SILENT, signal })
    log.info(`made the backup ${path}: ${notes} notes, ${megabytes(bytes)}, in ${seconds.toFixed(1)} s`)
    await removeOld(directory, keep)
  } catch (error) {
    if (signal.aborted) return
    if (error instanceof Refusal) log.info(`no backup was made now: ${error.message}`)
    else log.error(`the backup into ${directory} failed: ${reasonOf(error)}; the next one is made when it is due`)
  }
}

/** In milliseconds; a directory that is not there yet has none. */
async function newestIn(directory: string): Promise<number> {
  const times = await Promise.all(
    (await filesIn(directory)).filter((name) => NAME.test(name)).map((name) => ageOf(join(directory, name))),
  )
  return Math.max(Number.NEGATIVE_INFINITY, ...times)
}

/** Files with other names are not ours, except for what a killed server left half-written. */
async function removeOld(directory: string, keep: number): Promise<void> {
  const names = await filesIn(directory)
  const old = names
    .filter((name) => NAME.test(name))
    .toSorted()
    .slice(0, -keep)
  const partial = names.filter((name) => name.endsWith(PARTIAL) && name.startsWith('notes-'))
  for (const name of partial) {
    if ((await ageOf(join(directory, name))) < Date.now() - LONGEST_WAIT_MS) old.push(name)
  }
  for (const name of old) await rm(join(directory, name), { force: true })
}

async function filesIn(directory: string): Promise<string[]> {
  return readdir(directory).catch(() => [])
}

async function ageOf(path: string): Promise<number> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => Number.NEGATIVE_INFINITY,
  )
}
