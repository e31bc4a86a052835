import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import { afterAll, afterEach, expect, test } from 'vitest'
import { embeddedConnection } from '../../src/db/embedded/embedded.ts'
import { createTestDatabase } from '../support/database.ts'
import { person, register } from '../support/people.ts'
import { cleanUp, databaseEnv, endServers, serve, temporaryDirectory } from '../support/process.ts'
import { openProxy } from '../support/proxy.ts'
import { mountSmallDisk } from '../support/small-disk.ts'
import { TRAFFIC } from '../traffic/recorder.ts'
import { contentsOf } from './contents.ts'

afterEach(endServers)
afterAll(cleanUp)

const BACKUP = join(import.meta.dirname, '..', '..', 'src', 'backup')
const COMPILE_CACHE = join(import.meta.dirname, '..', '..', 'node_modules', '.cache', 'compiled-for-tests')

/** Not recorded: a restored server goes back in time. */
const embedded = (dataDir: string): Record<string, string> => ({ DATA_DIR: dataDir, [TRAFFIC]: '' })

/** Runs `npm run backup` or `npm run restore` as the operator types it, in a process of its own. */
function run(name: 'backup' | 'restore', args: readonly string[], env: Record<string, string> = {}) {
  const cwd = temporaryDirectory()
  writeFileSync(join(cwd, '.env'), '')
  return new Promise<{ code: number; stdout: string; lines: string[] }>((resolve) => {
    execFile(
      process.execPath,
      [join(BACKUP, name === 'backup' ? 'main.ts' : 'restore.ts'), ...args],
      { cwd, env: { NODE_COMPILE_CACHE: COMPILE_CACHE, ...env }, timeout: 60_000 },
      (error, stdout, stderr) => {
        const lines = stderr.split('\n').filter((line) => line !== '')
        resolve({ code: error === null ? 0 : Number(error.code), stdout, lines })
      },
    )
  })
}

test(
  'a server moves with its backup: into another DATA_DIR, with its notes, its accounts, its key and valid tokens',
  { timeout: 90_000 },
  async () => {
    const [from, to] = [temporaryDirectory(), temporaryDirectory()]
    const file = join(temporaryDirectory(), 'backup')
    const server = await serve(embedded(from))
    const ann = await register(server)
    const { body: note } = await ann.ask('POST', '/notes', { body: { title: 'Moved', content: 'Whole' } })
    const made = await run('backup', [file], { DATA_DIR: from })
    expect(made).toMatchObject({ code: 0, stdout: '' })
    expect(made.lines.at(-2)).toMatch(/^notes-api backup: wrote .+\/backup: 1 notes, \d+\.\d MB, in \d+\.\d s$/)
    expect(statSync(file).mode & 0o777).toBe(0o600)

    const before = await contentsOf(embeddedConnection(from))
    const refused = await run('restore', [file, '--replace'], { DATA_DIR: from })
    expect(refused.code).toBe(2)
    expect(refused.lines.at(-1)).toContain('is in use by another server')
    expect(await contentsOf(embeddedConnection(from))).toEqual(before)
    await server.end('SIGTERM')
    const stopped = await run('backup', [file], { DATA_DIR: from })
    expect(stopped).toMatchObject({ code: 0, stdout: '' })

    const restored = await run('restore', [file], { DATA_DIR: to })
    expect(restored).toMatchObject({ code: 0, stdout: '' })
    expect(restored.lines.at(-1)).toMatch(/^notes-api restore: restored in \d+\.\d s; start the server$/)
    expect(readFileSync(join(to, 'secret_key'), 'utf8')).toBe(readFileSync(join(from, 'secret_key'), 'utf8'))
    const shown = await run('restore', [file, '--show-key'])
    expect(shown.stdout).toBe(readFileSync(join(from, 'secret_key'), 'utf8'))

    const other = await serve(embedded(to))
    const again = person(other, ann)
    expect((await again.ask('GET', `/notes/${String(note['id'])}`)).body).toEqual(note)
    const full = await run('restore', [file, '--replace'], { DATA_DIR: to })
    expect(full.code).toBe(2)
    await other.end('SIGTERM')
    const second = await run('restore', [file], { DATA_DIR: to })
    expect(second.code).toBe(1)
    expect(second.lines.at(-1)).toBe(
      'notes-api restore: the database is not empty; to give up everything in it and restore, add --replace',
    )
  },
)

test('a bad file is refused in one line, and no database is even created', { timeout: 60_000 }, async () => {
  const directory = temporaryDirectory()
  const dataDir = join(directory, 'data')
  const file = join(directory, 'foreign')
  writeFileSync(file, 'foreign')
  for (const args of [[file], [file, '--replace'], [file, '--check'], [file, '--show-key']]) {
    const { code, stdout, lines } = await run('restore', args, { DATA_DIR: dataDir })
    expect([code, stdout, lines]).toEqual([
      1,
      '',
      [`notes-api restore: ${file} is not a backup of notes-api; nothing was changed`],
    ])
  }
  expect(existsSync(dataDir)).toBe(false)
})

test('a backup that does not fit tables changed by hand is refused by its name', { timeout: 60_000 }, async () => {
  const { connection, db, drop } = await createTestDatabase()
  const proxy = await openProxy(connection)
  const [env, file] = [databaseEnv({ ...connection, port: proxy.port }), join(temporaryDirectory(), 'backup')]
  expect(await run('backup', [file], env)).toMatchObject({ code: 0 })
  await sql`alter table notes add extra text`.execute(db)
  await db.destroy()
  const { code, lines } = await run('restore', [file, '--replace'], env)
  expect([code, lines.at(-1)]).toEqual([
    1,
    expect.stringMatching(/^notes-api restore: \/.+\/backup has other tables or columns .+; nothing was changed$/),
  ])
  await proxy.close()
  await drop()
})

test.each([
  ['backup', [], 2, 'give the path of one FILE; try npm run backup -- --help'],
  ['backup', ['a', 'b'], 2, 'give the path of one FILE; try npm run backup -- --help'],
  ['restore', [], 2, 'give the path of one FILE; try npm run restore -- --help'],
  ['restore', ['/no/such/file'], 1, '/no/such/file cannot be read: ENOENT'],
  ['restore', ['/'], 1, '/ cannot be read: EISDIR'],
  ['restore', ['a', '--force'], 2, "Unknown option '--force'"],
  ['backup', ['/dev/null'], 1, '/dev/null is there already and is not a backup: give another name'],
  ['backup', ['a'], 1, 'there is no secret key in '],
] as const)('%s %j is refused with the reason', async (name, args, code, reason) => {
  const outcome = await run(name, args, { DATA_DIR: temporaryDirectory() })
  expect(outcome).toMatchObject({ code, stdout: '' })
  expect(outcome.lines).toHaveLength(1)
  expect(outcome.lines[0]).toContain(`notes-api ${name}: ${reason}`)
})

test('a database that was never made is not made by a backup', async () => {
  const dataDir = temporaryDirectory()
  writeFileSync(join(dataDir, 'secret_key'), `${'0123456789'.repeat(4)}\n`)
  const { code, lines } = await run('backup', [join(dataDir, 'a')], { DATA_DIR: dataDir })
  expect(code).toBe(1)
  expect(lines).toEqual([expect.stringContaining('notes-api backup: the database is not reachable (')])
  expect(readdirSync(dataDir)).toEqual(['secret_key'])
})

test(
  'a relative FILE is in the folder in which npm was called, and --help explains it',
  { timeout: 60_000 },
  async () => {
    const folder = temporaryDirectory()
    writeFileSync(join(folder, 'foreign'), 'foreign')
    const { lines } = await run('restore', ['foreign'], { INIT_CWD: folder })
    expect(lines[0]).toContain(`${join(folder, 'foreign')} is not a backup`)
    expect((await run('restore', ['--help'])).stdout).toMatch(/^Usage: npm run restore -- FILE/)
    expect((await run('backup', ['-h'])).stdout).toMatch(/^Usage: npm run backup -- FILE/)
  },
)

test('a full disk is told, and leaves no half-written file', { timeout: 60_000 }, async ({ skip }) => {
  const disk = mountSmallDisk(2)
  if (disk === undefined) {
    skip('only root may mount a small disk')
    return
  }
  try {
    const dataDir = temporaryDirectory()
    await serve(embedded(dataDir))
    disk.fill()
    const { code, lines } = await run('backup', [join(disk.directory, 'backup')], { DATA_DIR: dataDir })
    expect([code, lines]).toEqual([1, [expect.stringContaining('ENOSPC: no space left on device')]])
    expect(readdirSync(disk.directory)).toEqual(['ballast'])
    disk.free()
    mkdirSync(join(disk.directory, 'sub'))
    const again = await run('backup', [join(disk.directory, 'sub', 'backup')], { DATA_DIR: dataDir })
    expect(again.code).toBe(0)
    expect(readdirSync(join(disk.directory, 'sub'))).toEqual(['backup'])
  } finally {
    await endServers()
    disk.unmount()
  }
})
