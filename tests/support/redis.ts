import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { freePort, temporaryDirectory, until } from './process.ts'

const PROGRAM = '/usr/bin/redis-server'

/** Whether a Redis can be tested. In CI it always can: `.ci/run` installs one. */
export const hasRedis = existsSync(PROGRAM) || process.env['CI'] === 'true'

export interface RedisServer {
  readonly url: string
  readonly port: number
  /** As SIGSTOP and SIGCONT: it keeps its connections and answers nothing. */
  readonly hang: () => void
  readonly wake: () => void
  /** Ends it at once. */
  readonly kill: () => Promise<void>
}

interface RedisOptions {
  readonly port?: number
  readonly password?: string
  readonly tls?: { readonly certificate: string; readonly key: string }
  /** More settings, as on the command line. */
  readonly flags?: readonly string[]
}

/** Debian's Redis on the loopback address, without anything on disk. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const port = options.port ?? (await freePort())
  const { password, tls, flags = [] } = options
  const child = spawn(
    PROGRAM,
    [
      `--${tls === undefined ? 'port' : 'port 0 --tls-port'} ${port} --bind 127.0.0.1 --appendonly no`.split(' '),
      tls === undefined
        ? []
        : ['--tls-cert-file', tls.certificate, '--tls-key-file', tls.key, '--tls-auth-clients', 'no'],
      ['--save', '', '--dir', temporaryDirectory()],
      password === undefined ? [] : ['--requirepass', password],
      flags,
    ].flat(),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  )
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  await until('Redis listens', () => {
    if (child.exitCode !== null) throw new Error(`Redis ended: ${said}`)
    return said.includes('Ready to accept connections')
  })
  return {
    url: `${tls === undefined ? 'redis' : 'rediss'}://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`,
    port,
    hang: () => void child.kill('SIGSTOP'),
    wake: () => void child.kill('SIGCONT'),
    kill: () => {
      child.kill('SIGKILL')
      return gone
    },
  }
}
