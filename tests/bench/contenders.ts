import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EmbeddedPostgres } from '../../src/db/embedded/embedded.ts'
import { repliesWith, freePort, until } from '../support/process.ts'
import { SECRET_KEY } from '../support/server.ts'

/** A server to measure, in its own process. */
export interface Contender {
  readonly port: number
  readonly pid: number
  readonly stop: () => Promise<void>
}

const OURS = join(import.meta.dirname, '..', '..')

interface Extras {
  /** A program that runs the server, with its arguments, such as `taskset`. */
  readonly under?: readonly string[]
  readonly nodeArgs?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** The server of a checkout, as `npm start` runs it; its log is discarded as cheaply as possible. */
export function startNotesApi(databaseUrl: string, checkout = OURS, extras: Extras = {}): Promise<Contender> {
  const { under = [], nodeArgs = [], env = {} } = extras
  const settings = { DATABASE_URL: databaseUrl, SECRET_KEY, MALLOC_ARENA_MAX: '1', ...env }
  return start([...nodeArgs, join(checkout, 'src', 'main.ts')], settings, under)
}

export interface Identity {
  readonly userId: string
  readonly sessionId: string
}

export function startBare(
  databaseUrl: string,
  mode: 'statement' | 'statements',
  { userId, sessionId }: Identity,
): Promise<Contender> {
  const env = { DATABASE_URL: databaseUrl, OWNER_ID: userId, SESSION_ID: sessionId }
  return start([join(import.meta.dirname, 'bare-server.ts'), mode], env)
}

/** The URL of a bench database, by the socket in its data directory. */
export function urlOf({ host, port, user }: EmbeddedPostgres['connection'], database: string): string {
  return `postgres://${user}@${encodeURIComponent(host)}:${port}/${database}`
}

async function start(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  under: readonly string[] = [],
): Promise<Contender> {
  const port = await freePort()
  const nowhere = openSync('/dev/null', 'w')
  const [program = process.execPath, ...words] = [...under, process.execPath, ...args]
  const child = spawn(program, words, {
    // It must not read the .env of the project.
    cwd: tmpdir(),
    env: { PATH: process.env['PATH'] ?? '', PORT: String(port), RATE_LIMITS: 'off', ...env },
    stdio: ['ignore', nowhere, 'pipe'],
  })
  closeSync(nowhere)
  let said = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text))
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
  }
  const died = ended.then(() => Promise.reject(new Error(`${args.join(' ')} ended: ${said}`)))
  died.catch(() => undefined)
  try {
    await Promise.race([
      until('the server serves', () => repliesWith(`http://127.0.0.1:${port}/health`, 200), 30_000),
      died,
    ])
  } catch (error) {
    await stop()
    throw error
  }
  return { port, pid: child.pid ?? 0, stop }
}
