import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, readlinkSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startEmbedded } from '../../src/db/embedded/embedded.ts'
import { settings } from '../../src/config/settings.ts'
import {
  repliesWith,
  cleanUp,
  databaseEnv,
  freePort,
  postgresIn,
  runServer,
  serve,
  spawnServer,
  temporaryDirectory,
  until,
  within,
} from '../support/process.ts'
import { openProxy } from '../support/proxy.ts'
import { SECRET_KEY } from '../support/server.ts'

const opened: (() => Promise<void>)[] = []

afterAll(async () => {
  for (const close of opened.toReversed()) await close()
  await cleanUp()
})

/** The lines of a refused start. Each says what to change, and none shows a stack trace or a file of the source. */
async function refusal(env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<string[]> {
  const { code, stderr } = await runServer(env, { args })
  expect([code, stderr]).toEqual([1, expect.stringMatching(/^(notes-api: [^\n]+\n)+$/)])
  expect(stderr).not.toMatch(/\n\s+at |node_modules|\.ts:\d/)
  return stderr
    .trimEnd()
    .split('\n')
    .map((line) => line.slice('notes-api: '.length))
}

const isRoot = process.getuid?.() === 0

function file(): string {
  const path = join(temporaryDirectory(), 'file')
  writeFileSync(path, '')
  return path
}

const mount = (...args: readonly string[]): Buffer => execFileSync('mount', args)

function danglingLink(): string {
  const path = join(temporaryDirectory(), 'link')
  symlinkSync('nowhere', path)
  return path
}

describe('a start that cannot succeed ends with 1 and a line that names the setting', () => {
  test('PORT is taken, and the database was not touched', async () => {
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
    const { port } = other.address() as AddressInfo
    const dataDir = join(temporaryDirectory(), 'data')
    expect(await refusal({ PORT: String(port), DATA_DIR: dataDir })).toEqual([
      `PORT ${port} on 127.0.0.1 is already in use; stop the other process or change PORT`,
    ])
    expect(() => mkdirSync(dataDir)).not.toThrow()
    await new Promise((resolve) => other.close(resolve))
  })

  test('HOST is not an address of this machine', async () => {
    expect(await refusal({ HOST: '192.0.2.1', DATA_DIR: temporaryDirectory() })).toEqual([
      'HOST 192.0.2.1 is not an address of this machine',
    ])
  })

  test.each([
    ['a file', file, /^DATA_DIR .+ cannot be created or written: \S+ is not a directory\. Choose another DATA_DIR/],
    ['below a file', () => join(file(), 'a', 'b'), /: \S+\/file is not a directory\./],
    ['a link that leads nowhere', danglingLink, /: \S+\/link is not a directory\./],
    ['in /proc', () => '/proc/notes', /: \/proc takes no new directories\./],
    ['deep in /proc', () => '/proc/self/notes/data', /: \/proc\/self takes no new directories\./],
    ['in /dev/null', () => '/dev/null/notes', /: \/dev\/null is not a directory\./],
    ['a name that is too long', () => join(temporaryDirectory(), 'x'.repeat(300)), /: ENAMETOOLONG/],
  ])('DATA_DIR is %s', async (_, place, expected) => {
    const began = performance.now()
    const [line = '', ...others] = await refusal({ DATA_DIR: place() })
    expect(others).toEqual([])
    expect(line).toMatch(/^DATA_DIR \(/)
    expect(line).toMatch(expected)
    expect(performance.now() - began).toBeLessThan(10_000)
  })

  test.runIf(isRoot)(
    'DATA_DIR is on a read-only disk, or below a directory that was deleted while mounted',
    { timeout: 60_000 },
    async () => {
      const home = temporaryDirectory()
      for (const name of ['read-only', 'source', 'target']) mkdirSync(join(home, name))
      mount('-t', 'tmpfs', '-o', 'ro', 'tmpfs', join(home, 'read-only'))
      mount('--bind', join(home, 'source'), join(home, 'target'))
      opened.push(async () => {
        for (const name of ['read-only', 'target']) execFileSync('umount', [join(home, name)])
      })
      rmdirSync(join(home, 'source'))
      expect(await refusal({ DATA_DIR: join(home, 'read-only', 'data') })).toEqual([
        expect.stringMatching(/^DATA_DIR .+: the file system of \S+ is read-only\./),
      ])
      expect(await refusal({ DATA_DIR: join(home, 'read-only') })).toEqual([
        expect.stringMatching(/^DATA_DIR .+: the file system of \S+ is read-only\./),
      ])
      for (const place of ['target', 'target/data']) {
        expect(await refusal({ DATA_DIR: join(home, place) })).toEqual([
          expect.stringMatching(/^DATA_DIR .+: \S+\/target takes no new directories\./),
        ])
      }
    },
  )

  test('the working directory was deleted', () => {
    const cwd = join(temporaryDirectory(), 'gone')
    mkdirSync(cwd)
    const main = join(import.meta.dirname, '..', '..', 'src', 'main.ts')
    const command = `rmdir '${cwd}' && exec '${process.execPath}' '${main}'`
    const { status, stderr } = spawnSync('/bin/sh', ['-c', command], { cwd, env: { PORT: '0' }, encoding: 'utf8' })
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^notes-api: DATA_DIR and .+ deleted: .+ another one\n$/),
    ])
  })

  test('DATA_DIR holds the database of another PostgreSQL', async () => {
    const dataDir = temporaryDirectory()
    mkdirSync(join(dataDir, 'pg17'))
    writeFileSync(join(dataDir, 'pg17', 'PG_VERSION'), '17\n')
    const [line = '', ...others] = await refusal({ DATA_DIR: dataDir })
    expect(others).toEqual([])
    expect(line).toMatch(/^DATA_DIR .+ PostgreSQL 17 .+ PostgreSQL 18/)
  })

  test('every setting that is wrong, one line each', async () => {
    const lines = await refusal({
      HOST: 'http://localhost',
      PORT: 'abc',
      DATABASE_URL: 'mysql://root:canary-7f3a@localhost/notes',
      SECRET_KEY: 'canary-51c0',
      ACCESS_TOKEN_TTL: 'soon',
      CORS_ORIGINS: 'https://a.example/path',
      LOG_LEVEL: 'loud',
    })
    const names = lines.map((line) => line.split(' ')[0])
    expect(names).toEqual([
      'HOST',
      'PORT',
      'DATABASE_URL',
      'SECRET_KEY',
      'ACCESS_TOKEN_TTL',
      'CORS_ORIGINS',
      'LOG_LEVEL',
    ])
    expect(lines.join('\n')).not.toContain('canary')
  })

  test('DATABASE_URL comes without SECRET_KEY', async () => {
    const [line = '', ...others] = await refusal({ DATABASE_URL: 'postgres://notes:canary-1b2c@127.0.0.1/notes' })
    expect(others).toEqual([])
    expect(line).toMatch(/^SECRET_KEY is required with DATABASE_URL; make one with: node -p/)
    expect(line).not.toContain('canary')
  })

  test('an option is unknown', async () => {
    const [line = '', ...others] = await refusal({}, ['--prot=80'])
    expect(others).toEqual([])
    expect(line).toMatch(/'--prot'.*\(try --help\)$/)
  })

  test('.env is a directory', async () => {
    const cwd = temporaryDirectory()
    mkdirSync(join(cwd, '.env'))
    const { code, stderr } = await runServer({}, { cwd })
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^notes-api: \.env cannot be read: [^\n]+\n$/)])
  })
})

describe('a database that refuses the login', () => {
  let port: number

  beforeAll(async () => {
    const dataDir = temporaryDirectory()
    const cluster = await startEmbedded({ dataDir, settings: { fsync: 'off' } })
    const client = new Client(cluster.connection)
    await client.connect()
    await client.query(`create role guarded login password 'right-canary-33d1'`)
    await client.query('create database guarded owner guarded')
    writeFileSync(join(dataDir, 'pg18', 'pg_hba.conf'), 'local all guarded scram-sha-256\nlocal all notes trust\n')
    await client.query('select pg_reload_conf()')
    await client.end()
    const proxy = await openProxy(cluster.connection)
    port = proxy.port
    opened.push(() => cluster.stop(), proxy.close)
  })

  const canary = 'wrong-canary-8e21'
  const login = { user: 'guarded', password: canary, database: 'guarded' }

  test.each([
    [
      'a wrong password',
      login,
      /^DATABASE_URL: PostgreSQL refuses the login: password authentication failed for user "guarded"$/,
    ],
    ['no password', { ...login, password: '' }, /^DATABASE_URL: PostgreSQL refuses the login: .*password/],
    ['an unknown user', { ...login, user: 'nobody' }, /^DATABASE_URL: PostgreSQL refuses the login: .+"nobody"/],
    [
      'an unknown database',
      { user: 'notes', database: 'nothing' },
      /^DATABASE_URL: PostgreSQL refuses the login: database "nothing" does not exist$/,
    ],
  ])('ends the start in one line for %s, without the password', async (_, given, expected) => {
    const lines = await refusal(databaseEnv({ ...given, port }))
    expect(lines).toEqual([expect.stringMatching(expected)])
    expect(lines.join('')).not.toContain(canary)
    expect(lines.join('')).not.toContain(SECRET_KEY)
  })

  test('serves with the right one, and neither password nor key is in the log', async () => {
    const server = await serve({
      ...databaseEnv({ ...login, password: 'right-canary-33d1', port }),
      LOG_LEVEL: 'trace',
    })
    expect(await server.end('SIGTERM')).toBe(0)
    expect(server.stdout() + server.stderr()).not.toMatch(new RegExp(`canary|${SECRET_KEY}`))
  })
})

describe('a start that succeeds', () => {
  test('--help lists every setting, and --version the version, without starting anything', async () => {
    const [help, version] = await Promise.all([
      runServer({}, { args: ['--help'] }),
      runServer({}, { args: ['--version'] }),
    ])
    expect([help.code, help.stderr, version.code, version.stderr]).toEqual([0, '', 0, ''])
    for (const { name } of settings) expect(help.stdout).toContain(`\n  ${name} `)
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  test('reads .env, over which the environment wins', async () => {
    const cwd = temporaryDirectory()
    writeFileSync(join(cwd, '.env'), 'LOG_LEVEL=loud\nCORS_ORIGINS=nowhere\n')
    const { stderr } = await runServer({ LOG_LEVEL: 'info' }, { cwd })
    expect(stderr).toMatch(/^notes-api: CORS_ORIGINS [^\n]+\n$/)
  })

  test('needs no setting but a place for its data, and logs its address', async () => {
    const cwd = temporaryDirectory()
    const server = await serve({ DATA_DIR: join(cwd, 'data') }, { cwd })
    const last = server.lines().findLast(({ msg }) => String(msg).includes('is ready'))
    expect(last?.['msg']).toBe(`notes-api is ready at ${server.url}; documentation at ${server.url}/docs`)
    expect(await repliesWith(`${server.url}/docs`, 200)).toBe(true)
    expect(server.stderr()).toBe('')
    expect(await server.end('SIGTERM')).toBe(0)
  })

  test.each(['SIGTERM', 'SIGINT'] as const)(
    'that %s breaks off ends quietly with 0, leaves no PostgreSQL, and the next start succeeds',
    async (signal) => {
      const dataDir = temporaryDirectory()
      const server = await spawnServer({ DATA_DIR: dataDir }, { detached: true })
      await until('initdb is at work', () => initdbIn(dataDir).length > 0)
      const line = `creating the database in ${dataDir}/pg18; this takes a few seconds`
      await until('the line has come through the pipe', () => server.stdout().includes(line))
      // As Ctrl-C in a terminal: every process of the group gets it.
      process.kill(-(server.child.pid ?? 0), signal)
      expect(await within('it ends', server.exit, 5_000)).toBe(0)
      expect([postgresIn(dataDir), initdbIn(dataDir)]).toEqual([[], []])
      expect(readdirSync(dataDir).filter((name) => name.includes('init-'))).toEqual([])
      expect(server.stderr()).toBe('')
      expect(server.lines().filter(({ level }) => Number(level) > 30)).toEqual([])
      const next = await serve({ DATA_DIR: dataDir })
      expect(await next.end('SIGTERM')).toBe(0)
    },
  )

  test.each(['start', 'dev'])('as npm run %s ends whole when npm gets SIGTERM', { timeout: 40_000 }, async (script) => {
    const dataDir = temporaryDirectory()
    const port = await freePort()
    const npm = spawn('npm', ['run', script], {
      cwd: join(import.meta.dirname, '..', '..'),
      env: { PATH: process.env['PATH'], DATA_DIR: dataDir, PORT: String(port), HOME: tmpdir() },
      stdio: 'ignore',
    })
    opened.push(async () => {
      for (const pid of processesWith(dataDir)) process.kill(Number(pid), 'SIGKILL')
    })
    const ended = new Promise((resolve) => npm.once('exit', resolve))
    await until('it serves', () => repliesWith(`http://127.0.0.1:${port}/health`, 200), 20_000)
    const servers = processesWith(dataDir)
    expect(servers.length).toBeGreaterThan(0)
    npm.kill('SIGTERM')
    await within('npm ends', ended, 10_000)
    await until('the server has ended', () => processesWith(dataDir).length === 0)
    expect(postgresIn(dataDir)).toEqual([])
  })
})

/** The processes whose environment has this data directory: npm, its shell, node. */
function processesWith(dataDir: string): string[] {
  return readdirSync('/proc').filter((entry) => {
    try {
      return readFileSync(`/proc/${entry}/environ`, 'utf8').split('\0').includes(`DATA_DIR=${dataDir}`)
    } catch {
      return false // not a process, or gone by now
    }
  })
}

/** initdb and its children, by their working directory. */
function initdbIn(dataDir: string): string[] {
  return readdirSync('/proc').filter((entry) => {
    try {
      return readlinkSync(`/proc/${entry}/cwd`).startsWith(`${dataDir}/pg18.init-`)
    } catch {
      return false
    }
  })
}
