import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { destinationsOf } from '../../src/audit/destinations.ts'
import { checkFiles } from '../../src/audit/files.ts'
import { checkLicences, isPermissive, readInstalled } from '../../src/audit/packages.ts'
import { weaknessOf } from '../../src/audit/secrets.ts'
import { loadConfig } from '../../src/config/config.ts'
import type { Setting } from '../../src/config/setting.ts'
import { settings } from '../../src/config/settings.ts'

const directory = mkdtempSync(join(tmpdir(), 'notes-audit-'))
afterAll(() => rmSync(directory, { recursive: true }))

test('every setting that is an address says whether the server connects to it', () => {
  const addresses = (settings as readonly Setting[]).filter(({ name }) => /_(URL|HOST|ADDRESS)$/.test(name))
  const silent = addresses.filter(({ reaches }) => reaches === undefined).map(({ name }) => name)
  // PUBLIC_URL is for clients, and RATE_LIMIT_ADDRESS is a number.
  expect(silent).toEqual(['PUBLIC_URL', 'RATE_LIMIT_ADDRESS', 'METRICS_HOST'])
})

const SECRET_KEY = randomBytes(32).toString('base64')

test('the destinations are what the settings name, with the port, and without the password', () => {
  const config = loadConfig({
    SECRET_KEY,
    DATABASE_URL: 'postgres://notes@pooler.example/notes',
    DATABASE_PASSWORD: 'hidden',
    DATABASE_POOLER: 'transaction',
    MIGRATION_DATABASE_URL: 'postgresql://notes@[fd00::2]:5433/notes',
  })
  const destinations = destinationsOf(config)
  expect(destinations).toMatchObject([
    { setting: 'DATABASE_URL', host: 'pooler.example', port: 5432 },
    { setting: 'MIGRATION_DATABASE_URL', host: 'fd00::2', port: 5433 },
  ])
  expect(JSON.stringify(destinations)).not.toContain('hidden')
})

test('a Unix socket and the embedded database have no port', () => {
  const socket = loadConfig({ SECRET_KEY, DATABASE_URL: 'postgres:///notes?host=/run/postgresql' })
  expect(destinationsOf(socket)).toMatchObject([{ setting: 'DATABASE_URL', host: '/run/postgresql', port: undefined }])
  expect(destinationsOf(loadConfig({}))).toMatchObject([{ setting: 'DATA_DIR', port: undefined }])
})

test('random keys of every usual form are strong', () => {
  const weak = Array.from({ length: 2_000 }, () => [
    randomBytes(32).toString('base64'),
    randomBytes(32).toString('base64url'),
    randomBytes(32).toString('hex'),
    randomBytes(24).toString('base64'),
  ])
    .flat()
    .filter((key) => weaknessOf(key) !== undefined)
  expect(weak).toEqual([])
})

test.each([
  'a-secret-key-for-tests-only-0123456789',
  'change-me-change-me-change-me-change-me',
  'correct horse battery staple password 1',
  'aaaabbbbccccddddeeeeffffgggghhhhiiiijjjj'.slice(0, 32),
])('%s is weak', (key) => {
  expect(weaknessOf(key)).toBeDefined()
})

test.skipIf(process.platform === 'win32')(
  'DATA_DIR and its key must be closed to others; root may let them search',
  () => {
    const dataDir = join(directory, 'data')
    mkdirSync(dataDir, { mode: 0o700 })
    writeFileSync(join(dataDir, 'secret_key'), SECRET_KEY, { mode: 0o600 })
    const config = loadConfig({ DATA_DIR: dataDir })
    const results = (): string[] => checkFiles(config, join(directory, '.env'), []).map(({ result }) => result)
    expect(results()).toEqual(['pass', 'pass', 'pass'])
    chmodSync(dataDir, 0o711)
    expect(results()).toEqual(['pass', 'pass', 'pass'])
    chmodSync(dataDir, 0o755)
    chmodSync(join(dataDir, 'secret_key'), 0o640)
    expect(results()).toEqual(['fail', 'fail', 'pass'])
    rmSync(join(dataDir, 'secret_key'))
    expect(results()).toEqual(['fail', 'not possible', 'pass'])
  },
)

test.each([
  ['MIT', true],
  ['(MIT OR GPL-3.0-only)', true],
  ['MIT AND ISC', true],
  ['MIT AND GPL-3.0-only', false],
  ['AGPL-3.0-or-later', false],
  ['SEE LICENSE IN LICENSE.md', false],
  [undefined, false],
])('the licence %s is permissive: %s', (licence, expected) => {
  expect(isPermissive(licence)).toBe(expected)
})

test('a package with another licence, or with none, is named, unless it is for development', () => {
  const add = (name: string, manifest: object): void => {
    mkdirSync(join(directory, 'node_modules', name), { recursive: true })
    writeFileSync(
      join(directory, 'node_modules', name, 'package.json'),
      JSON.stringify({ name, version: '1.0.0', ...manifest }),
    )
  }
  add('good', { license: 'MIT' })
  add('old', { licenses: [{ type: 'BSD-3-Clause' }] })
  add('bad', { license: 'SSPL-1.0' })
  add('bare', {})
  add('tool', { license: 'SSPL-1.0' })
  const names = { good: {}, old: {}, bad: {}, bare: {}, tool: { dev: true }, absent: { optional: true } }
  const packages = Object.fromEntries(Object.entries(names).map(([name, entry]) => [`node_modules/${name}`, entry]))
  writeFileSync(join(directory, 'node_modules', '.package-lock.json'), JSON.stringify({ packages }))
  expect(checkLicences(directory)).toMatchObject({
    result: 'fail',
    text: 'not known as permissive: bad@1.0.0 (SSPL-1.0), bare@1.0.0 (no licence)',
  })
  expect(readInstalled(directory).map(({ name }) => name)).toEqual(['good', 'old', 'bad', 'bare'])
  expect(checkLicences(join(directory, 'nowhere'))).toMatchObject({ result: 'not possible' })
})
