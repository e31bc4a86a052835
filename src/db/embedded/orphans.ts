import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/**
 * Ends what a killed server left in its cluster: a postgres that its watchdog is still shutting down, or one whose
 * watchdog died as well. To be called by the holder of the owner lock only: then whoever is there has no server.
 */
export async function stopOrphans(cluster: string, log: (line: string) => void): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid')
  const postmaster = postmasterIn(pidFile)
  if (postmaster === undefined) return

  const began = Date.now()
  let signal: NodeJS.Signals | undefined
  for (;;) {
    const left = postgresIn(cluster, postmaster)
    if (left.length === 0) break
    const waited = Date.now() - began
    const next = waited < 5_000 ? 'SIGINT' : waited < 8_000 ? 'SIGQUIT' : 'SIGKILL'
    if (next !== signal) {
      signal = next
      log(`stopping a PostgreSQL that a killed server left behind (pid ${postmaster}, ${signal})`)
      // A fast shutdown is asked of the postmaster alone; its children without it end by themselves.
      for (const pid of signal === 'SIGINT' ? left.filter((one) => one === postmaster) : left) kill(pid, signal)
    }
    await delay(10)
  }
  // PostgreSQL clears a stale pid file by itself, unless another process of the same user has that pid by now
  // (usual after a container restart). None of ours runs here, as just seen, so the file is worth nothing.
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
 * Every PostgreSQL process has the cluster as working directory; compared by inode, because two mounts may give it
 * two names. Zombies have none and do not count. Without /proc (macOS) only the pid file can say who is there.
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
      return [] // gone meanwhile, or another user's
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

/** Whether the signal found its process. */
function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal)
  } catch {
    return false
  }
}
