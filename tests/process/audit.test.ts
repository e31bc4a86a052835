import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, inject, test } from 'vitest'
import { loadDocument } from '../../src/contract/document/document.ts'
import { useDatabase, useFixture } from '../support/fixtures.ts'
import { cleanUp, databaseEnv, serve, type ServerProcess } from '../support/process.ts'
import { openProxy } from '../support/proxy.ts'

const AUDIT = join(import.meta.dirname, '..', '..', 'src', 'audit', 'main.ts')

const database = useDatabase()
const proxy = useFixture(
  () => openProxy({ host: inject('cluster').host, port: inject('cluster').port }),
  (opened) => opened.close(),
)
let server: ServerProcess
let env: Record<string, string>

beforeAll(async () => {
  env = databaseEnv({ ...database.connection, port: proxy.port })
  server = await serve(env)
})
afterAll(cleanUp)

function audit(given: Record<string, string>): Promise<{ code: number; output: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [AUDIT],
      { env: { PATH: process.env['PATH'], ...given }, cwd: '/' },
      (error, stdout, stderr) => {
        resolve({ code: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr })
      },
    )
  })
}

test.skipIf(process.platform !== 'linux')(
  'the audit of a good server finds everything in order, except that it runs as root where it does',
  async () => {
    const { code, output } = await audit({ ...env, PORT: String(server.port) })
    expect(output).toContain(`ok    healthy, version ${loadDocument().version}`)
    expect(output).toContain('ok    the database is reachable and has 0 users')
    expect(output).toMatch(/ok {4}every open connection leads to the database \([1-9]\d*\)/)
    const isRoot = process.getuid?.() === 0
    expect(output).toContain(isRoot ? 'FAIL  the server runs as root' : 'ok    the server does not run as root')
    expect(code).toBe(isRoot ? 1 : 0)
  },
)

test.skipIf(process.platform !== 'linux')(
  'a connection that does not lead to the database is found and named',
  async () => {
    const elsewhere = await openProxy({ host: inject('cluster').host, port: inject('cluster').port })
    const { code, output } = await audit({
      ...databaseEnv({ ...database.connection, port: elsewhere.port }),
      PORT: String(server.port),
    })
    await elsewhere.close()
    expect(output).toContain(`FAIL  connections that do not lead to the database: 127.0.0.1 port ${proxy.port}`)
    expect(code).toBe(1)
  },
)

test('a server that does not run is reported, also by the exit code', async () => {
  const { code, output } = await audit({ ...env, PORT: '1' })
  expect(output).toContain('FAIL  http://127.0.0.1:1/health does not answer')
  expect(code).toBe(1)
})

test('wrong settings are reported as at the start of the server', async () => {
  const { code, output } = await audit({ ...env, PORT: 'abc' })
  expect(output).toBe('notes-api audit: PORT must be a whole number from 0 to 65535\n')
  expect(code).toBe(2)
})
