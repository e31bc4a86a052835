import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { TRAFFIC } from '../traffic/recorder.ts'
import { SECRET_KEY } from './server.ts'

const PROJECT = join(import.meta.dirname, '..', '..')
const MAIN = join(PROJECT, 'src', 'main.ts')
const RECORD = join(import.meta.dirname, '..', 'traffic', 'record-process.ts')
/** Saves each server a third of the processor time of its start. */
const COMPILE_CACHE = join(PROJECT, 'node_modules', '.cache', 'compiled-for-tests')

/** The real server, as `node src/main.ts` in a process of its own. */
export interface ServerProcess {
  readonly url: string
  readonly port: number
  readonly child: ChildProcess
  readonly stdout: () => string
  readonly stderr: () => string
  /** The log, parsed; each line must be JSON. */
  readonly lines: () => Record<string, unknown>[]
  /** Sends a signal, waits for the end and returns the exit code, or the signal that ended the process. */
  readonly end: (signal: NodeJS.Signals) => Promise<number | NodeJS.Signals | null>
  readonly exit: Promise<number | NodeJS.Signals | null>
  readonly serving: () => Promise<void>
}

interface Options {
  readonly args?: readonly string[]
  readonly nodeArgs?: readonly string[]
  readonly cwd?: string
  /** A program that runs the server, with its arguments, such as `taskset`. */
  readonly under?: readonly string[]
  /** In a process group of its own, as a terminal starts it. */
  readonly detached?: boolean
}

const running = new Set<ServerProcess>()
const directories = new Set<string>()
let emptyDirectory: string | undefined

/** Spawns a server and does not wait. Its environment is only `env`, a PATH and a free port. */
export async function spawnServer(
  env: Readonly<Record<string, string>>,
  options: Options = {},
): Promise<ServerProcess> {
  const port = Number(env['PORT'] ?? (await freePort()))
  const recording = { [TRAFFIC]: process.env[TRAFFIC] ?? '' }
  const given = {
    PATH: process.env['PATH'] ?? '',
    NODE_COMPILE_CACHE: COMPILE_CACHE,
    PORT: String(port),
    LOG_FORMAT: 'json',
    STOP_DELAY: '0s',
    // Tests that write as fast as they can would meet them.
    RATE_LIMITS: 'off',
    ...recording,
    ...env,
  }
  const cwd = options.cwd ?? (emptyDirectory ??= temporaryDirectory())
  // Without one here, the server would read that of the project.
  if (!existsSync(join(cwd, '.env'))) writeFileSync(join(cwd, '.env'), '')
  const command = [process.execPath, '--import', RECORD, ...(options.nodeArgs ?? []), MAIN, ...(options.args ?? [])]
  const [program = '', ...args] = [...(options.under ?? []), ...command]
  const child = spawn(program, args, {
    cwd,
    env: given,
    detached: options.detached ?? false,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const texts = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (texts.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (texts.err += text))
  const exit = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.once('close', (code, signal) => resolve(code ?? signal))
  })
  const url = `http://127.0.0.1:${port}`
  const server: ServerProcess = {
    url,
    port,
    child,
    exit,
    stdout: () => texts.out,
    stderr: () => texts.err,
    lines: () =>
      texts.out.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>])),
    end: (signal) => {
      child.kill(signal)
      return exit
    },
    serving: async () => {
      const served = until('the server serves', () => repliesWith(`${url}/health`, 200), 25_000)
      const ended = exit.then((code) =>
        Promise.reject(new Error(`the server ended with ${code}: ${texts.err}${texts.out}`)),
      )
      ended.catch(() => undefined)
      await Promise.race([served, ended])
    },
  }
  running.add(server)
  void exit.then(() => running.delete(server))
  return server
}

/** Spawns a server and waits until it is ready. */
export async function serve(env: Readonly<Record<string, string>>, options: Options = {}): Promise<ServerProcess> {
  const server = await spawnServer(env, options)
  await server.serving()
  return server
}

/** Runs a server until it exits, for starts that fail. */
export async function runServer(env: Readonly<Record<string, string>>, options: Options = {}) {
  const server = await spawnServer(env, options)
  const code = await within('the server ends', server.exit, 25_000)
  return { code, stdout: server.stdout(), stderr: server.stderr() }
}

/** The settings for an external database. */
export function databaseEnv(connection: {
  port: number
  database: string
  user: string
  password?: string
}): Record<string, string> {
  const login = connection.password ? `${connection.user}:${encodeURIComponent(connection.password)}` : connection.user
  return { DATABASE_URL: `postgres://${login}@127.0.0.1:${connection.port}/${connection.database}`, SECRET_KEY }
}

/** In memory where the machine offers that; gone after `cleanUp`. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'notes-process-'))
  directories.add(directory)
  return directory
}

/** For afterEach: a failed test may have left servers running. */
export async function endServers(): Promise<void> {
  await Promise.all([...running].map((server) => server.end('SIGKILL')))
}

/** For afterAll: leaves no process and no file. */
export async function cleanUp(): Promise<void> {
  await endServers()
  for (const directory of directories) {
    await until(`no postgres is left in ${directory}`, () => postgresIn(directory).length === 0, 15_000)
    rmSync(directory, { recursive: true, force: true })
  }
  directories.clear()
  emptyDirectory = undefined
}

/** The PostgreSQL processes whose working directory is below this one. */
export function postgresIn(directory: string): number[] {
  return readdirSync('/proc').flatMap((entry) => {
    try {
      if (readFileSync(`/proc/${entry}/comm`, 'utf8') !== 'postgres\n') return []
      return readlinkSync(`/proc/${entry}/cwd`).startsWith(directory) ? [Number(entry)] : []
    } catch {
      return [] // not a process, or gone by now
    }
  })
}

/** Polls until `holds` is true and returns how long it took. Throws after `max` milliseconds. */
export async function until(what: string, holds: () => unknown, max = 10_000): Promise<number> {
  const began = performance.now()
  for (;;) {
    const held: unknown = await holds()
    const took = performance.now() - began
    if (held) return took
    if (took > max) throw new Error(`Not within ${max} ms: ${what}`)
    await delay(10)
  }
}

export async function within<T>(what: string, promise: Promise<T>, max: number): Promise<T> {
  const patience = new AbortController()
  const late = delay(max, undefined, { signal: patience.signal }).then(() =>
    Promise.reject(new Error(`Not within ${max} ms: ${what}`)),
  )
  late.catch(() => undefined)
  try {
    return await Promise.race([promise, late])
  } finally {
    patience.abort()
  }
}

/** Whether the address replies with this status; false while no server listens. */
export async function repliesWith(url: string, status: number): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(3_000) })
    await response.arrayBuffer()
    return response.status === status
  } catch {
    return false
  }
}

/** Below the ports that a system gives to who asks for any, and other ones for each process that runs tests. */
const ports = { next: 10_000 + (Number(process.env['VITEST_POOL_ID'] ?? 0) % 3) * 7_000 + ((process.pid * 17) % 6_000) }

/** A port that nothing listens on. It may be used some time later: nobody else gets it meanwhile. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = ports.next
    ports.next += 1
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}
