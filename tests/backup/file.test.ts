import { execFileSync, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { BadBackup } from '../../src/backup/bad-backup.ts'
import { SILENT } from '../../src/backup/progress.ts'
import { verifyBackup } from '../../src/backup/read-backup.ts'
import { useServer } from '../support/fixtures.ts'
import { enrol } from '../support/people.ts'
import { useDatabase } from '../support/fixtures.ts'
import { cleanUp, temporaryDirectory } from '../support/process.ts'
import { SECRET_KEY } from '../support/server.ts'
import { backUp } from './contents.ts'

const database = useDatabase()
const server = useServer(() => ({ db: database.db }))
afterAll(cleanUp)

let file: string
let whole: Buffer
beforeAll(async () => {
  const ann = await enrol(server)
  for (const content of ['tab\there', 'line\nfeed', 'back\\slash', '\\.', '\\N', '', '𝄞 ü'])
    await ann.ask('POST', '/notes', { body: { title: 'One', content, tags: ['a,b', '"q"'] } })
  file = join(temporaryDirectory(), 'whole')
  await backUp(database.connection, file)
  whole = readFileSync(file)
})

async function reasonFor(bytes: Buffer): Promise<string> {
  const path = `${file}.tried`
  writeFileSync(path, bytes)
  return verifyBackup(path, SILENT).then(
    () => 'taken',
    (error: unknown) => (error instanceof BadBackup ? error.message : `failed with ${String(error)}`),
  )
}

test('a whole file is taken, and only its owner may read it', async () => {
  expect(await reasonFor(whole)).toBe('taken')
  expect(statSync(file).mode & 0o777).toBe(0o600)
  const { manifest, secretKey } = await verifyBackup(file, SILENT)
  expect(secretKey).toBe(SECRET_KEY)
  expect(manifest.tables.find(({ name }) => name === 'notes')?.rows).toBe(7)
})

test('a file with any one byte changed is refused', { timeout: 120_000 }, async () => {
  const reasons = new Set<string>()
  for (let index = 0; index < whole.length; index += 1) {
    const damaged = Buffer.from(whole)
    damaged[index] = (damaged[index] ?? 0) ^ (1 << (index % 8))
    reasons.add(await reasonFor(damaged))
  }
  expect([...reasons].toSorted()).toEqual([
    'has another format than this version knows, or is damaged',
    'is cut off, or something was added: its end is not that of a backup',
    'is damaged: its check sum is wrong',
    'is not a backup of notes-api',
  ])
})

test('a file that was cut anywhere, or has more at its end, is refused', { timeout: 120_000 }, async () => {
  for (let length = 0; length < whole.length; length += length < 100 ? 1 : 97)
    expect(await reasonFor(whole.subarray(0, length)), String(length)).toMatch(
      /^(is not a backup|is cut off|has another format)/,
    )
  expect(await reasonFor(Buffer.concat([whole, Buffer.alloc(1)]))).toMatch(/^is cut off, or something was added/)
  expect(await reasonFor(Buffer.concat([whole, whole]))).toBe('is damaged: its check sum is wrong')
})

test.each([
  ['nothing', Buffer.alloc(0)],
  ['text', Buffer.from('-- PostgreSQL database dump\n'.repeat(100))],
  ['zeros', Buffer.alloc(10_000)],
  ['gzip', gzipSync(Buffer.alloc(10_000))],
  ['another file of Zstandard', zstdCompressSync(Buffer.alloc(10_000))],
])('a foreign file is refused as such: %s', async (_, bytes) => {
  expect(await reasonFor(bytes)).toBe('is not a backup of notes-api')
})

const hasTools = ['tar', 'zstd'].every((name) => spawnSync(name, ['--version']).status === 0)

test.skipIf(!hasTools)('tar and zstd unpack a backup, and each file has the check sum of the manifest', async () => {
  const directory = temporaryDirectory()
  execFileSync('tar', ['--zstd', '-xf', file, '-C', directory])
  const { files, tables } = JSON.parse(readFileSync(join(directory, 'manifest.json'), 'utf8')) as {
    files: { name: string; size: number; sha256: string }[]
    tables: { name: string }[]
  }
  for (const { name, size, sha256 } of files) {
    const bytes = readFileSync(join(directory, name))
    expect([bytes.length, createHash('sha256').update(bytes).digest('hex')], name).toEqual([size, sha256])
  }
  const names = tables.map(({ name }) => name)
  expect(names.indexOf('users')).toBeLessThan(names.indexOf('notes'))
  expect(names.indexOf('notes')).toBeLessThan(names.indexOf('note_tags'))
})
