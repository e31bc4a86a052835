import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { helpText, settings } from '../src/config/settings.ts'
import { StartupError } from '../src/startup-error.ts'

const KEY = 'a-secret-key-for-tests-only-0123456789'
const URL_GIVEN = { DATABASE_URL: 'postgres://notes:pw@db.example:5432/notes', SECRET_KEY: KEY }

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(env)
  } catch (error) {
    if (error instanceof StartupError) return error.lines
    throw error
  }
  return []
}

test('no setting at all is a whole configuration: the embedded database, reachable from this machine only', () => {
  expect(loadConfig({})).toEqual({
    host: '127.0.0.1',
    port: 8000,
    databaseUrl: undefined,
    dataDir: './data',
    secretKey: undefined,
    secretKeyAccepted: undefined,
    accessTokenSeconds: 900,
    refreshTokenSeconds: 30 * 86_400,
    registration: 'open',
    passwordMinLength: 8,
    trustedProxies: [],
    poolSize: 10,
    historyVersions: 1000,
    historyDays: 365,
    trashDays: 30,
    corsOrigins: [],
    replyValidation: 'enforce',
    logLevel: 'info',
    logFormat: 'auto',
  })
})

test('a configuration cannot be changed after it was read', () => {
  expect(Object.isFrozen(loadConfig({}))).toBe(true)
})

test('an empty setting, or one of spaces, is a setting that was not made', () => {
  const empty = Object.fromEntries(settings.map(({ name }) => [name, '  ']))
  expect(loadConfig(empty)).toEqual(loadConfig({}))
})

test.each([
  ['PORT', '0', 'port', 0],
  ['PORT', '65535', 'port', 65_535],
  ['ACCESS_TOKEN_TTL', '90', 'accessTokenSeconds', 90],
  ['ACCESS_TOKEN_TTL', '24h', 'accessTokenSeconds', 86_400],
  ['REFRESH_TOKEN_TTL', '90d', 'refreshTokenSeconds', 90 * 86_400],
  [
    'CORS_ORIGINS',
    'https://a.example, http://localhost:5173',
    'corsOrigins',
    ['https://a.example', 'http://localhost:5173'],
  ],
  ['TRUSTED_PROXIES', '10.0.0.0/8, fd00::/8,192.0.2.1', 'trustedProxies', ['10.0.0.0/8', 'fd00::/8', '192.0.2.1']],
  ['REGISTRATION', 'closed', 'registration', 'closed'],
  ['PASSWORD_MIN_LENGTH', '12', 'passwordMinLength', 12],
  ['LOG_LEVEL', 'trace', 'logLevel', 'trace'],
  ['HOST', '::1', 'host', '::1'],
] as const)('%s takes %s', (name, text, key, value) => {
  expect(loadConfig({ [name]: text })[key]).toEqual(value)
})

test.each([
  ['HOST', 'http://localhost'],
  ['HOST', 'a b'],
  ['PORT', 'abc'],
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['PORT', '0x50'],
  ['PORT', '80.5'],
  ['DATABASE_URL', 'mysql://root@localhost/notes'],
  ['DATABASE_URL', 'notes'],
  ['SECRET_KEY', 'short'],
  ['SECRET_KEY', 'a'.repeat(64)],
  ['SECRET_KEY', 'changeme'.repeat(8)],
  ['ACCESS_TOKEN_TTL', 'soon'],
  ['ACCESS_TOKEN_TTL', '0'],
  ['ACCESS_TOKEN_TTL', '25h'],
  ['ACCESS_TOKEN_TTL', '15 m'],
  ['REFRESH_TOKEN_TTL', '91d'],
  ['SECRET_KEY_ACCEPTED', 'short'],
  ['REGISTRATION', 'yes'],
  ['PASSWORD_MIN_LENGTH', '7'],
  ['TRUSTED_PROXIES', '10.0.0.0/33'],
  ['TRUSTED_PROXIES', '10.0.0.0/8/8'],
  ['TRUSTED_PROXIES', 'proxy.example'],
  ['TRUSTED_PROXIES', '10.0.0.0/'],
  ['DATABASE_POOL_SIZE', '0'],
  ['CORS_ORIGINS', 'https://a.example/path'],
  ['CORS_ORIGINS', '*'],
  ['CORS_ORIGINS', 'https://a.example,null'],
  ['CORS_ORIGINS', 'a.example'],
  ['REPLY_VALIDATION', 'yes'],
  ['LOG_LEVEL', 'loud'],
  ['LOG_FORMAT', 'xml'],
])('%s refuses %s in one line that begins with its name', (name, text) => {
  const faults = faultsOf(name === 'DATABASE_URL' ? { [name]: text, SECRET_KEY: KEY } : { [name]: text })
  expect(faults).toHaveLength(1)
  expect(faults[0]).toMatch(new RegExp(`^${name} (must|is) [^\n]{8,160}$`))
})

test('every wrong setting is reported at once, and none is quoted', () => {
  const wrong = Object.fromEntries(settings.map(({ name }) => [name, 'canary !']))
  const faults = faultsOf(wrong)
  expect(faults.map((line) => line.split(' ')[0])).toEqual(
    settings.map(({ name }) => name).filter((name) => name !== 'DATA_DIR'),
  )
  expect(faults.join('\n')).not.toContain('canary')
})

test('DATABASE_URL without SECRET_KEY is refused with the command that makes one', () => {
  const [fault = '', ...others] = faultsOf({ DATABASE_URL: URL_GIVEN.DATABASE_URL })
  expect(others).toEqual([])
  expect(fault).toMatch(/^SECRET_KEY is required with DATABASE_URL; make one with: node -p /)
  expect(loadConfig(URL_GIVEN).databaseUrl).toBe(URL_GIVEN.DATABASE_URL)
})

test('--help lists every setting with its default', () => {
  const lines = helpText('1.2.3').split('\n')
  for (const { name, fallback } of settings) {
    const line = lines.find((text) => text.startsWith(`  ${name} `)) ?? ''
    expect(line, name).toContain(fallback === '' ? name : `[${fallback}]`)
  }
})

test('.env.example names every setting with its default, and nothing else', () => {
  const text = readFileSync(new URL('../.env.example', import.meta.url), 'utf8')
  const found = [...text.matchAll(/^#?\s*([A-Z][A-Z_]+)=(.*)$/gm)].map(([, name, value]) => [name, value?.trim()])
  expect(found).toEqual(settings.map(({ name, fallback }) => [name, fallback]))
})
