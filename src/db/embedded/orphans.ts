import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** Processes that are about to end by themselves are not worth a line. */
const SILENT_MS = 200

/**
 * Stops what is left of an earlier postgres in this cluster. After a killed server, its watchdog may still be shutting
 * it down, or may have died as well; after a killed postmaster, its children end when they notice. Only for the holder
 * of the owner lock, because then no other server uses this postgres. Gives up when the signal is aborted.
 */
export async function stopOrphans(cluster: string, log: (line: string) => void, stopping: AbortSignal): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid')
  const postmaster = postmasterIn(pidFile)
  if (postmaster === undefined) return

  const began = Date.now()
  let signal: NodeJS.Signals | undefined
  let reported: NodeJS.Signals | undefined
  while (!stopping.aborted) {
    const left = postgresIn(cluster, postmaster)
    if (left.length === 0) break
    const waited = Date.now() - began
    const next = waited < 5_000 ? 'SIGINT' : waited < 8_000 ? 'SIGQUIT' : 'SIGKILL'
    if (next !== signal) {
      signal = next
      // Only the postmaster gets the signal for a fast shutdown; orphaned children exit by themselves.
      for (const pid of signal === 'SIGINT' ? left.filter((one) => one === postmaster) : left) kill(pid, signal)
    }
    if (reported !== signal && (waited > SILENT_MS || left.includes(postmaster))) {
      reported = signal
      log(`stopping what is left of an earlier PostgreSQL (pid ${postmaster}, ${signal})`)
    }
    await delay(20)
  }
  if (stopping.aborted) return
  // PostgreSQL removes a stale pid file itself, unless another process of the same user now has that pid (common after
  // a container restart). The loop above found no postgres in this cluster, so the file is stale.
  if (postmasterIn(pidFile) === postmaster && kill(postmaster, 0)) rmSync(pidFile, { force: true })
}

function postmasterIn(pidFile: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10)
    return Number.isSafeInteger(pid) && pid > 1 ? pid : undefined
  } catch {
    return undefined
  }
}

/**
 * Finds the PostgreSQL processes by their working directory, which is the cluster. We compare inodes, because two
 * mounts may give the cluster two paths. Zombies have no working directory. Without /proc (macOS) there is only the pid
 * file.
 */
function postgresIn(cluster: string, postmaster: number): number[] {
  if (!existsSync('/proc/self/cwd')) return kill(postmaster, 0) && isPostgres(postmaster) ? [postmaster] : []
  const here = statSync(cluster)
  return readdirSync('/proc').flatMap((entry) => {
    if (!/^\d+$/.test(entry)) return []
    try {
      if (readFileSync(`/proc/${entry}/comm`, 'utf8') !== 'postgres\n') return []
      const there = statSync(`/proc/${entry}/cwd`)
      return there.ino === here.ino && there.dev === here.dev ? [Number(entry)] : []
    } catch {
      return [] // has exited, or belongs to another user
    }
  })
}

function isPostgres(pid: number): boolean {
  try {
    return execFileSync('/bin/ps', ['-o', 'comm=', '-p', String(pid)], { encoding: 'utf8' })
      .trim()
      .endsWith('postgres')
  } catch {
    return false
  }
}

/** Returns false if there is no such process. */
function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
