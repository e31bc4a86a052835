import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory, until } from './process.ts'
import type { Upstream } from './proxy.ts'

const BINARIES = '/usr/lib/postgresql/15/bin'

export interface DebianPostgres {
  readonly connection: Upstream & { readonly user: string; readonly database: string }
  readonly stop: () => Promise<void>
}

/** Whether to test the oldest PostgreSQL we promise. In CI it must be there: `.ci/run` installs it. */
export const hasDebianPostgres = existsSync(`${BINARIES}/postgres`) || process.env['CI'] === 'true'

/** Debian's PostgreSQL 15, in memory and on a socket only. Root hands it to nobody, as PostgreSQL demands. */
export async function startDebianPostgres(): Promise<DebianPostgres> {
  const home = temporaryDirectory()
  const account = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const data = join(home, 'data')
  mkdirSync(data, { mode: 0o700 })
  for (const path of [home, data]) if (account.uid !== undefined) chownSync(path, account.uid, account.gid)
  const options = { ...account, cwd: data, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, stdio: 'ignore' } as const
  execFileSync(`${BINARIES}/initdb`, ['-D', data, '-U', 'notes', '-E', 'UTF8', '-N', '-A', 'trust'], options)
  const settings = { listen_addresses: '', unix_socket_directories: home, port: '5432', fsync: 'off', timezone: 'Asia/Tokyo' }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(`${BINARIES}/postgres`, ['-D', data, ...flags], options)
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const isReady = (): boolean => {
    const pidFile = join(data, 'postmaster.pid')
    return existsSync(pidFile) && readFileSync(pidFile, 'utf8').split('\n')[7]?.trim() === 'ready'
  }
  await until('PostgreSQL 15 is ready', isReady, 15_000)
  const stop = (): Promise<void> => {
    child.kill('SIGINT')
    return gone
  }
  return { connection: { host: home, port: 5432, user: 'notes', database: 'postgres' }, stop }
}
