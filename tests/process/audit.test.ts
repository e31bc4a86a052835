import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { loadDocument } from '../../src/contract/document/document.ts'
import { useDatabase, useFixture } from '../support/fixtures.ts'
import {
  cleanUp,
  databaseEnv,
  freePort,
  serve,
  type ServerProcess,
  temporaryDirectory,
  until,
} from '../support/process.ts'
import { openProxy } from '../support/proxy.ts'

const AUDIT = join(import.meta.dirname, '..', '..', 'src', 'audit', 'main.ts')
const isLinux = process.platform === 'linux'
const isRoot = process.getuid?.() === 0

const database = useDatabase()
const proxy = useFixture(
  () => openProxy({ host: inject('cluster').host, port: inject('cluster').port }),
  (opened) => opened.close(),
)
let server: ServerProcess
let env: Record<string, string>
let directory: string

beforeAll(async () => {
  env = { ...databaseEnv({ ...database.connection, port: proxy.port }), SECRET_KEY: randomBytes(32).toString('base64') }
  server = await serve(env)
  directory = temporaryDirectory()
})
afterAll(cleanUp)

/** In a directory with an empty `.env`, so that none of the project is read. */
function audit(
  given: Record<string, string>,
  ...args: string[]
): Promise<{ code: number; stdout: string; output: string }> {
  writeFileSync(join(directory, '.env'), '', { mode: 0o600 })
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [AUDIT, ...args],
      { env: { PATH: process.env['PATH'], ...given }, cwd: directory },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, output: stdout + stderr })
      },
    )
  })
}

test.skipIf(!isLinux)(
  'the audit of a good server finds everything in order, except that it runs as root where it does',
  async () => {
    const { code, output } = await audit({ ...env, PORT: String(server.port) })
    for (const line of [
      `healthy, version ${loadDocument().version}`,
      'the database is reachable and has 0 users',
      `DATABASE_URL leads to 127.0.0.1 port ${proxy.port}: the database, which holds everything`,
      'SECRET_KEY looks random and is long enough',
      '.env is closed to other users: mode 600',
    ])
      expect(output).toContain(`pass          ${line}\n`)
    expect(output).toMatch(/^pass {10}every open connection leads where a setting says \([1-9]\d*, of one process\)$/m)
    expect(output).toMatch(/^pass {10}the pages and the \d+ files that they load come from this server/m)
    expect(output).toMatch(/^pass {10}\d+ packages, permissive: \d+ MIT/m)
    expect(output).toContain(isRoot ? 'FAIL          the server runs as root; start it as' : 'does not run as root')
    expect(output).toMatch(isRoot ? /^8 passed, 1 failed, 0 not possible$/m : /^9 passed, 0 failed, 0 not possible$/m)
    expect(code).toBe(isRoot ? 1 : 0)
  },
)

test.skipIf(!isLinux)('with --json it prints one document with every check and every destination', async () => {
  const { code, stdout } = await audit({ ...env, PORT: String(server.port) }, '--json')
  const { passed, destinations, checks } = JSON.parse(stdout) as {
    passed: boolean
    destinations: unknown
    checks: { check: string; result: string; remedy?: string }[]
  }
  expect(passed).toBe(code === 0)
  const why = 'the database, which holds everything'
  expect(destinations).toEqual([{ setting: 'DATABASE_URL', host: '127.0.0.1', port: proxy.port, why }])
  expect(checks.map(({ check }) => check)).toEqual(
    'health database destination connections user secret files pages licences'.split(' '),
  )
  for (const { result, remedy } of checks) expect(remedy === undefined).toBe(result === 'pass')
})

test.skipIf(!isLinux)('a connection that no setting accounts for is found and named', async () => {
  const elsewhere = await openProxy({ host: inject('cluster').host, port: inject('cluster').port })
  const { code, output } = await audit({
    ...env,
    ...databaseEnv({ ...database.connection, port: elsewhere.port }),
    PORT: String(server.port),
  })
  await elsewhere.close()
  expect(output).toContain(`FAIL          connections that no setting accounts for: 127.0.0.1 port ${proxy.port};`)
  expect(code).toBe(1)
})

test.skipIf(!isLinux)('a connection of a process that the server has started is found too', async () => {
  const elsewhere = await openProxy({ host: inject('cluster').host, port: inject('cluster').port })
  const connect = `require('net').connect(${elsewhere.port}, '127.0.0.1'); setInterval(() => {}, 1000)`
  const start = `require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(connect)}])`
  const port = await freePort()
  const listen = `require('net').createServer().listen(${port}, '127.0.0.1')`
  const parent = spawn(process.execPath, ['-e', `${start}; ${listen}`], { detached: true, stdio: 'ignore' })
  try {
    const settings = { ...env, PORT: String(port) }
    const finding = `connections that no setting accounts for: 127.0.0.1 port ${elsewhere.port};`
    await until('it is found', async () => (await audit(settings)).output.includes(finding))
  } finally {
    if (parent.pid !== undefined) process.kill(-parent.pid, 'SIGKILL')
    await elsewhere.close()
  }
})

test('a weak secret and a .env that others may read are failures with a remedy, and the secret is not shown', async () => {
  const SECRET_KEY = 'my-very-secret-key-my-very-secret-key'
  const options = { ...env, SECRET_KEY, SECRET_KEY_ACCEPTED: 'abababababcdcdcdcdefefefghghghijijij', PORT: '1' }
  chmodSync(directory, 0o700)
  await audit(options)
  chmodSync(join(directory, '.env'), 0o644)
  const { code, output } = await audit(options)
  expect(output).toMatch(/^FAIL {10}SECRET_KEY has a word .+; make one with: node -p/m)
  expect(output).toMatch(/^FAIL {10}SECRET_KEY_ACCEPTED is too short, or repeats itself; make one with/m)
  const file = join(directory, '.env')
  expect(output).toContain(`FAIL          .env (${file}) is open to other users: mode 644; chmod 600 ${file}\n`)
  expect(output).not.toContain('very-secret')
  expect(code).toBe(1)
})

test('--sbom writes every package that runs the server and none for development, as CycloneDX', async () => {
  const file = join(directory, 'sbom.json')
  const { output } = await audit({ ...env, PORT: String(server.port) }, '--sbom', file)
  const {
    bomFormat,
    components,
    dependencies: links,
  } = JSON.parse(readFileSync(file, 'utf8')) as {
    bomFormat: string
    dependencies: { ref: string; dependsOn: string[] }[]
    components: { name: string; version: string; licenses: unknown[] }[]
  }
  expect(bomFormat).toBe('CycloneDX')
  expect(output).toContain(`pass          ${file} lists ${components.length} packages (CycloneDX)`)
  const names = components.map(({ name }) => name)
  const { dependencies, devDependencies } = JSON.parse(
    readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8'),
  ) as Record<'dependencies' | 'devDependencies', Record<string, string>>
  expect(names).toEqual(expect.arrayContaining(Object.keys(dependencies)))
  // Types are a part of what some packages of the server may use.
  const development = new Set(Object.keys(devDependencies).filter((name) => !name.startsWith('@types/')))
  expect(names.filter((name) => development.has(name))).toEqual([])
  for (const { licenses } of components) expect(licenses).not.toEqual([])
  // Whatever is named as used is there, and nothing is there that nothing uses.
  const refs = new Set(components.map(({ name, version }) => `${name}@${version}`))
  const used = new Set(links.flatMap(({ dependsOn }) => dependsOn))
  expect([...used].filter((ref) => !refs.has(ref))).toEqual([])
  expect([...refs].filter((ref) => !used.has(ref))).toEqual([])
})

test('a server that does not run is reported, also by the exit code', async () => {
  const { code, output } = await audit({ ...env, PORT: '1' })
  expect(output).toContain('FAIL          http://127.0.0.1:1/health does not answer')
  expect(output).toContain('not possible  the pages cannot be fetched')
  if (isLinux) expect(output).toContain('not possible  no process that this user may inspect listens on port 1;')
  expect(code).toBe(1)
})

test('a wrong option is exit 2, and --help is exit 0', async () => {
  expect(await audit(env, '--sbmo')).toMatchObject({ code: 2, output: expect.stringContaining('--sbmo') })
  expect(await audit({ PORT: 'abc' }, '--help')).toMatchObject({
    code: 0,
    output: expect.stringContaining('--sbom FILE'),
  })
})

test('wrong settings are reported as at the start of the server', async () => {
  const { code, output } = await audit({ ...env, PORT: 'abc' })
  expect(output).toBe('notes-api audit: PORT must be a whole number from 0 to 65535\n')
  expect(code).toBe(2)
})
