import { mkdirSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, afterEach, expect, test } from 'vitest'
import { startBackups } from '../../src/backup/automatic.ts'
import { SILENT } from '../../src/backup/progress.ts'
import { verifyBackup } from '../../src/backup/read-backup.ts'
import { useDatabase } from '../support/fixtures.ts'
import { register } from '../support/people.ts'
import { cleanUp, endServers, serve, type ServerProcess, temporaryDirectory, until } from '../support/process.ts'
import { mountSmallDisk } from '../support/small-disk.ts'
import { SECRET_KEY } from '../support/server.ts'
import { backUp, urlOf } from './contents.ts'

const database = useDatabase()
afterEach(endServers)
afterAll(cleanUp)

const NAME = /^notes-\d{4}-\d\d-\d\dT\d{6}Z\.tar\.zst$/
const HOUR = 3_600

/** Backups of the database of this file, and the lines that they log. */
function start(directory: string, options: { everySeconds?: number; keep?: number } = {}) {
  const lines: { level: number; msg: string }[] = []
  const log = pino({ base: null }, { write: (line: string) => void lines.push(JSON.parse(line) as (typeof lines)[0]) })
  const target = { connection: urlOf(database.connection), setting: 'DATABASE_URL' } as const
  const source = { target, secretKey: SECRET_KEY, appVersion: '2.0.0' }
  return { lines, stop: startBackups({ source, directory, everySeconds: HOUR, keep: 2, log, ...options }) }
}

function isTold(server: ServerProcess): boolean {
  return server.lines().some(({ msg }) => String(msg).startsWith('made the backup '))
}

const madeIn = (directory: string): string[] =>
  readdirSync(directory)
    .filter((name) => NAME.test(name))
    .toSorted()

test(
  'a server with BACKUP_EVERY makes a whole backup below DATA_DIR, and no second one at its next start',
  { timeout: 90_000 },
  async () => {
    const dataDir = temporaryDirectory()
    const directory = join(dataDir, 'backups')
    const env = { DATA_DIR: dataDir, BACKUP_EVERY: '1h' }
    const first = await serve(env)
    await until('the first one is made', () => isTold(first), 20_000)
    expect(await first.end('SIGTERM')).toBe(0)
    const second = await serve(env)
    await register(second)
    expect(await second.end('SIGTERM')).toBe(0)
    expect(isTold(second)).toBe(false)
    const [name = '', ...others] = readdirSync(directory)
    expect(others).toEqual([])
    expect((await verifyBackup(join(directory, name), SILENT)).manifest.migrations.length).toBeGreaterThan(10)
    expect(statSync(join(directory, name)).mode & 0o777).toBe(0o600)
    expect(statSync(directory).mode & 0o777).toBe(0o700)
  },
)

test('the oldest ones beyond BACKUP_KEEP go, and so does what a killed server left; other files stay', async () => {
  const directory = temporaryDirectory()
  const old = [
    'notes-2020-01-01T000000Z.tar.zst',
    'notes-2020-01-02T000000Z.tar.zst',
    'notes-2020-01-03T000000Z.tar.zst',
  ]
  const left = 'notes-2020-01-01T000000Z.tar.zst.17.partial'
  const others = ['before-upgrade.tar.zst', 'notes.txt']
  for (const name of [...old, left, ...others]) {
    writeFileSync(join(directory, name), '')
    utimesSync(join(directory, name), 1, 1)
  }
  const { lines, stop } = start(directory)
  await until('it is made', () => lines.length > 0)
  await stop()
  const [older, newest] = madeIn(directory)
  expect(older).toBe(old[2])
  expect(readdirSync(directory).toSorted()).toEqual([...others, String(older), String(newest)].toSorted())
  expect(lines.map(({ level }) => level)).toEqual([30])
})

test('it is made again when the newest one is old enough', { timeout: 30_000 }, async () => {
  const directory = temporaryDirectory()
  const { lines, stop } = start(directory, { everySeconds: 1, keep: 1 })
  await until('three are made', () => lines.length >= 3)
  await stop()
  expect(madeIn(directory)).toHaveLength(1)
  expect(lines.every(({ msg }) => msg.startsWith('made the backup '))).toBe(true)
})

test('a failure is one line in the log, leaves no file, and the next one is made when it is due', async ({ skip }) => {
  const disk = mountSmallDisk(1)
  if (disk === undefined) {
    skip('only root may mount a small disk')
    return
  }
  disk.fill()
  const { lines, stop } = start(disk.directory, { everySeconds: 1 })
  try {
    await until('it fails twice', () => lines.length >= 2)
    expect(lines[0]?.msg).toMatch(/^the backup into .+ failed: ENOSPC: no space left on device, write; /)
    expect(readdirSync(disk.directory)).toEqual(['ballast'])
    disk.free()
    await until('it heals', () => lines.at(-1)?.msg.startsWith('made the backup '))
  } finally {
    await stop()
    disk.unmount()
  }
})

test('a directory that cannot be made is told in one line', async () => {
  const file = join(temporaryDirectory(), 'file')
  writeFileSync(file, '')
  const { lines, stop } = start(join(file, 'backups'))
  await until('it fails', () => lines.length > 0)
  await stop()
  expect(lines.map(({ level, msg }) => [level, msg.split(': ')[0]])).toEqual([
    [50, `the backup into ${join(file, 'backups')} failed`],
  ])
})

test('a server that stops breaks its backup off and leaves no file', async () => {
  const directory = join(temporaryDirectory(), 'backups')
  mkdirSync(directory)
  const { lines, stop } = start(directory)
  await until('it has begun', () => readdirSync(directory).length > 0)
  await stop()
  expect(readdirSync(directory).filter((name) => !NAME.test(name))).toEqual([])
  expect(lines.filter(({ level }) => level > 30)).toEqual([])
  // And the lock of the database is free again.
  await backUp(database.connection, join(directory, 'own'))
})
