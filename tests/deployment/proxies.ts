import { spawn } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { temporaryDirectory, until } from '../support/process.ts'
import { filledIn, type Snippet } from './snippets.ts'

const PROGRAMS = { nginx: '/usr/sbin/nginx', caddyfile: '/usr/bin/caddy' } as const

/** Whether these proxies can be tested. In CI they always can: `.ci/run` installs them. */
export const isInstalled = (program: Snippet['program']): boolean =>
  existsSync(PROGRAMS[program]) || process.env['CI'] === 'true'

export interface RunningProxy {
  readonly stop: () => Promise<void>
}

interface Place {
  readonly port: number
  readonly upstreamPort: number
  readonly certificate: string
  readonly key: string
}

/** What an operator may have around the snippet: nginx that compresses everything that it may. */
const COMPRESSING = 'gzip on; gzip_types *; gzip_min_length 1; gzip_proxied any; gzip_vary on;'

/** Runs a snippet of docs/deployment.md on a port of this machine; `change` makes another one of it first. */
export function startProxy(
  { program, text }: Snippet,
  place: Place,
  change: (text: string) => string = (same) => same,
): Promise<RunningProxy> {
  return program === 'nginx' ? startNginx(change(text), place) : startCaddy(change(text), place)
}

async function startNginx(text: string, { port, upstreamPort, certificate, key }: Place): Promise<RunningProxy> {
  const home = temporaryDirectory()
  const server = filledIn(text, [
    [/127\.0\.0\.1:8000/, `127.0.0.1:${upstreamPort}`],
    [/listen 443 ssl/, `listen 127.0.0.1:${port} ssl`],
    [/server_name [^;]+/, 'server_name localhost'],
    [/ssl_certificate [^;]+/, `ssl_certificate ${certificate}`],
    [/ssl_certificate_key [^;]+/, `ssl_certificate_key ${key}`],
  ])
  const kinds = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const folders = kinds.map((kind) => `${kind}_temp_path ${join(home, kind)};`)
  const user = process.getuid?.() === 0 ? 'user root;' : ''
  const file = join(home, 'nginx.conf')
  writeFileSync(
    file,
    `${user} daemon off; worker_processes 1; pid ${join(home, 'pid')}; error_log stderr;
events {}
http { access_log off; ${folders.join(' ')} ${COMPRESSING}
${server}
}
`,
  )
  return run(PROGRAMS.nginx, ['-p', home, '-c', file, '-e', 'stderr'], home, port)
}

async function startCaddy(text: string, { port, upstreamPort, certificate, key }: Place): Promise<RunningProxy> {
  const home = temporaryDirectory()
  const site = filledIn(text, [
    [/127\.0\.0\.1:8000/, `127.0.0.1:${upstreamPort}`],
    [/^[a-z.]+ \{$/m, `https://localhost:${port} {\n    bind 127.0.0.1\n    tls ${certificate} ${key}`],
  ])
  const file = join(home, 'Caddyfile')
  writeFileSync(file, `{\n    admin off\n    auto_https disable_redirects\n}\n${site}`)
  return run(PROGRAMS.caddyfile, ['run', '--adapter', 'caddyfile', '--config', file], home, port)
}

async function run(program: string, args: readonly string[], home: string, port: number): Promise<RunningProxy> {
  mkdirSync(join(home, 'own'))
  const env = { PATH: process.env['PATH'] ?? '', HOME: join(home, 'own') }
  const child = spawn(program, args, { cwd: home, env, stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  await until(`${program} listens`, () => {
    if (child.exitCode !== null) throw new Error(`${program} ended: ${said}`)
    return accepts(port)
  })
  return {
    stop: () => {
      child.kill('SIGTERM')
      return gone
    },
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
