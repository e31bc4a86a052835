import { spawn } from 'node:child_process'
import { chownSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, temporaryDirectory, until } from './process.ts'

const PROGRAM = '/usr/sbin/pgbouncer'

/** Whether a pooler can be tested. In CI it always can: `.ci/run` installs one. */
export const hasPgBouncer = existsSync(PROGRAM) || process.env['CI'] === 'true'

export interface PgBouncer {
  readonly port: number
  readonly stop: () => Promise<void>
}

/** Debian's PgBouncer in transaction mode before all databases of a PostgreSQL; `settings` replace its own. */
export async function startPgBouncer(
  upstream: { readonly port: number },
  settings: Readonly<Record<string, string>> = {},
): Promise<PgBouncer> {
  const home = temporaryDirectory()
  const port = Number(settings['listen_port'] ?? (await freePort()))
  const lines = Object.entries({
    listen_addr: '127.0.0.1',
    listen_port: String(port),
    unix_socket_dir: '',
    auth_type: 'any',
    pool_mode: 'transaction',
    default_pool_size: '8',
    ...settings,
  }).map(([name, value]) => `${name} = ${value}`)
  const file = join(home, 'pgbouncer.ini')
  const target = `host=127.0.0.1 port=${upstream.port} user=notes`
  writeFileSync(file, ['[databases]', `* = ${target}`, '[pgbouncer]', ...lines, ''].join('\n'))
  // It refuses to run as root.
  const account = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  for (const path of [home, file]) if (account.uid !== undefined) chownSync(path, account.uid, account.gid)
  const child = spawn(PROGRAM, [file], { ...account, cwd: home, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  await until('PgBouncer listens', () => {
    if (child.exitCode !== null) throw new Error(`PgBouncer ended: ${said}`)
    return said.includes(`listening on 127.0.0.1:${port}`)
  })
  const stop = (): Promise<void> => {
    child.kill('SIGKILL')
    return gone
  }
  return { port, stop }
}
