/**
 * `npm run lean:check`: installs what runs the server, without the packages of development, in a copy of the project,
 * with the commands of the README, and tries the server there. Needs the network or npm's cache.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

const PROJECT = join(import.meta.dirname, '..', '..')
const SHIPPED = ['package.json', 'package-lock.json', 'openapi.yaml', 'generated', 'migrations', 'src']
const INSTALL = 'npm ci --omit=dev'
/** What an installation may weigh, in MB. The README says how much of it is Node and PostgreSQL. */
const HEAVIEST = 320

const readme = readFileSync(join(PROJECT, 'README.md'), 'utf8')
if (!readme.includes(`${INSTALL} && npm start`)) throw new Error(`The README does not say: ${INSTALL} && npm start`)

const copy = mkdtempSync(join(tmpdir(), 'notes-lean-'))
const port = await freePort()
// As for a stranger: without the Node and the commands of this project's own packages.
const own = (process.env['PATH'] ?? '').split(delimiter).filter((path) => !path.includes('node_modules'))
const env = { PATH: own.join(delimiter), HOME: process.env['HOME'] ?? '', PORT: String(port), LOG_LEVEL: 'warn' }
const npm = (...args: string[]): string =>
  execFileSync('npm', args, { cwd: copy, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })

try {
  for (const name of SHIPPED) cpSync(join(PROJECT, name), join(copy, name), { recursive: true })
  npm(...INSTALL.split(' ').slice(1), '--no-audit', '--no-fund', '--prefer-offline')
  const megabytes = Math.round(sizeOf(join(copy, 'node_modules')) / 1e6)
  if (megabytes > HEAVIEST) throw new Error(`It weighs ${megabytes} MB, more than ${HEAVIEST}`)
  await tryServer()
  process.stdout.write(`${INSTALL}: ${megabytes} MB; the server, its console and its commands work\n`)
} finally {
  rmSync(copy, { recursive: true, force: true })
}

async function tryServer(): Promise<void> {
  // A process group of its own, so that the signal reaches npm, its shell and the server.
  const server = spawn('npm', ['start'], { cwd: copy, env, stdio: ['ignore', 'inherit', 'inherit'], detached: true })
  const ended = once(server, 'close')
  try {
    await until(async () => (await fetch(`http://127.0.0.1:${port}/health`)).status === 200, server)
    for (const path of ['/docs', '/redoc', '/openapi.json']) {
      const { status } = await fetch(`http://127.0.0.1:${port}${path}`)
      if (status !== 200) throw new Error(`${path} replies ${status}`)
    }
    npm('run', '--silent', 'admin', '--', 'create-user', 'user@example.com')
    if (!npm('run', '--silent', 'admin', '--', 'list-users').includes('user@example.com'))
      throw new Error('npm run admin does not list the user it created')
  } finally {
    if (server.pid !== undefined && server.exitCode === null) process.kill(-server.pid, 'SIGTERM')
    await ended
  }
}

async function until(isTrue: () => Promise<boolean>, server: { readonly exitCode: number | null }): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; await delay(100)) {
    if (server.exitCode !== null) throw new Error(`The server ended with ${server.exitCode}`)
    if (await isTrue().catch(() => false)) return
  }
  throw new Error('The server was not healthy within 60 seconds')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('There is no port')
  return address.port
}

function sizeOf(directory: string): number {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0)
}
