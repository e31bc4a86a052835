import { execFileSync, spawn } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryDirectory, until } from './process.ts'
import type { Upstream } from './proxy.ts'

const VERSIONS = '/usr/lib/postgresql'

/** The oldest installed version, because it is closest to the oldest that we support. */
const oldest = (existsSync(VERSIONS) ? readdirSync(VERSIONS) : [])
  .map(Number)
  .filter((major) => major >= 15 && existsSync(join(VERSIONS, String(major), 'bin', 'postgres')))
  .toSorted((a, b) => a - b)
  .at(0)
/** Its programs, the clients included. */
export const BINARIES = join(VERSIONS, String(oldest), 'bin')

export interface DebianPostgres {
  readonly connection: Upstream & { readonly user: string; readonly database: string }
  readonly stop: () => Promise<void>
}

/** Whether a major other than the embedded one can be tested. In CI it always can: `.ci/run` installs one. */
export const hasDebianPostgres = oldest !== undefined || process.env['CI'] === 'true'

/**
 * Debian's PostgreSQL, in memory and on a socket only; a standby of another one if that is given. PostgreSQL refuses
 * root, so root runs it as `nobody`. `given` replaces its settings.
 */
export async function startDebianPostgres(
  primary?: DebianPostgres,
  given: Readonly<Record<string, string>> = {},
): Promise<DebianPostgres> {
  const home = temporaryDirectory()
  const account = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const data = join(home, 'data')
  mkdirSync(data, { mode: 0o700 })
  for (const path of [home, data]) if (account.uid !== undefined) chownSync(path, account.uid, account.gid)
  const options = { ...account, cwd: data, env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' }, stdio: 'ignore' } as const
  const [program, flags] =
    primary === undefined
      ? ['initdb', ['-U', 'notes', '-E', 'UTF8', '-N', '-A', 'trust']]
      : ['pg_basebackup', ['-h', primary.connection.host, '-U', 'notes', '-R', '-c', 'fast']]
  execFileSync(`${BINARIES}/${program}`, ['-D', data, ...flags], options)
  const settings = {
    listen_addresses: '',
    unix_socket_directories: home,
    port: '5432',
    fsync: 'off',
    timezone: 'Asia/Tokyo',
    ...given,
  }
  const serverFlags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const child = spawn(`${BINARIES}/postgres`, ['-D', data, ...serverFlags], options)
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const isReady = (): boolean => {
    const pidFile = join(data, 'postmaster.pid')
    return existsSync(pidFile) && readFileSync(pidFile, 'utf8').split('\n')[7]?.trim() === 'ready'
  }
  await until('PostgreSQL is ready', isReady, 15_000)
  const stop = (): Promise<void> => {
    child.kill('SIGINT')
    return gone
  }
  return { connection: { host: home, port: Number(settings.port), user: 'notes', database: 'postgres' }, stop }
}
