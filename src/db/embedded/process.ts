import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process'
import { closeSync, constants, fchownSync, fstatSync, openSync, readSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Account } from './account.ts'
import type { Binaries } from './binaries.ts'
import { clusterIn } from './data-dir.ts'
import { causeIn, spawnReason } from './messages.ts'

export interface PostgresProcess {
  readonly pid: number | undefined
  /** Resolves with the reason once the process has exited; never rejects. */
  readonly gone: Promise<string>
  ended(): boolean
  /** Fast shutdown; if that takes too long, an immediate shutdown, then SIGKILL. */
  stop(): Promise<void>
}

/**
 * Starts postgres in a process group of its own: Ctrl-C in a terminal signals every process of the group, and the
 * server must be able to drain before its database stops.
 */
export function spawnPostgres(
  dataDir: string,
  binaries: Binaries,
  account: Account | undefined,
  args: readonly string[],
): PostgresProcess {
  const log = openLog(join(dataDir, 'postgres.log'), account)
  const from = fstatSync(log).size
  const child = spawnOn(log, binaries.postgres, args, { ...account, cwd: clusterIn(dataDir), env: binaries.env })
  child.unref()
  let over = false
  const gone = new Promise<string>((resolve) => {
    const end = (how: string): void => {
      if (over) return
      over = true
      const reason = causeIn(readFrom(log, from))
      closeSync(log)
      resolve(reason === undefined ? how : `${how}: ${reason}`)
    }
    child.once('error', (error) => end(spawnReason(error)))
    child.once('exit', (status, signal) => end(`PostgreSQL exited with ${signal ?? `status ${status}`}`))
  })
  return {
    pid: child.pid,
    gone,
    ended: () => over,
    stop: async () => {
      child.ref()
      const steps: readonly [NodeJS.Signals, number][] = [
        ['SIGINT', 6_000],
        ['SIGQUIT', 2_000],
        ['SIGKILL', 2_000],
      ]
      for (const [signal, timeoutMs] of steps) {
        if (over) return
        child.kill(signal)
        const timer = new AbortController()
        await Promise.race([gone, delay(timeoutMs, undefined, { signal: timer.signal }).catch(() => {})])
        timer.abort()
      }
    },
  }
}

function spawnOn(log: number, program: string, args: readonly string[], options: SpawnOptions): ChildProcess {
  try {
    return spawn(program, args, { ...options, detached: true, stdio: ['ignore', log, log] })
  } catch (error) {
    closeSync(log)
    throw error
  }
}

/** Keeps one older file, so the log stays bounded. Does not follow links: another user may control the directory. */
function openLog(path: string, account: Account | undefined): number {
  const bound = 1024 * 1024
  if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > bound) renameSync(path, `${path}.1`)
  const { O_RDWR, O_CREAT, O_APPEND, O_NOFOLLOW } = constants
  const log = openSync(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW, 0o600)
  // So that the account can start the server itself later, without root.
  if (account !== undefined) fchownSync(log, account.uid, account.gid)
  return log
}

function readFrom(descriptor: number, from: number): string {
  const buffer = Buffer.alloc(64 * 1024)
  const start = Math.max(from, fstatSync(descriptor).size - buffer.length)
  return buffer.toString('utf8', 0, readSync(descriptor, buffer, 0, buffer.length, start))
}
