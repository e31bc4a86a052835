import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { load } from 'js-yaml'
import { expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { helpText } from '../src/config/help.ts'
import { settings } from '../src/config/settings.ts'
import { StartupError } from '../src/startup-error.ts'

const KEY = 'a-secret-key-for-tests-only-0123456789'
const URL_GIVEN = { DATABASE_URL: 'postgres://notes:pw@db.example:5432/notes', SECRET_KEY: KEY }

function mistakesIn(env: Record<string, string>): readonly string[] {
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

test('no two settings share a name or a field', () => {
  const names = settings.flatMap(({ name, field }) => [name, field])
  expect(names).toEqual([...new Set(names)])
})

test('an empty setting, or one of spaces, counts as unset', () => {
  const empty = Object.fromEntries(settings.map(({ name }) => [name, '  ']))
  expect(loadConfig(empty)).toEqual(loadConfig({}))
})

test.each([
  ['PORT', '0', 'port', 0],
  ['PORT', '65535', 'port', 65_535],
  ['PORT', '08000', 'port', 8_000],
  ['PORT', ' 8080\t', 'port', 8_080],
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
  ['HOST', 'my_host.example', 'host', 'my_host.example'],
  ['CORS_ORIGINS', 'https://a.example,', 'corsOrigins', ['https://a.example']],
] as const)('%s takes %s', (name, text, key, value) => {
  expect(loadConfig({ [name]: text })[key]).toEqual(value)
})

test.each([
  ['HOST', 'http://localhost'],
  ['HOST', 'a b'],
  ['HOST', '[::1]'],
  ['HOST', 'localhost:8000'],
  ['HOST', 'fe80::1%eth0'],
  ['PORT', 'abc'],
  ['PORT', '65536'],
  ['PORT', '-1'],
  ['PORT', '0x50'],
  ['PORT', '80.5'],
  ['DATABASE_URL', 'mysql://root@localhost/notes'],
  ['DATABASE_URL', 'notes'],
  ['DATABASE_URL', 'postgres:notes'],
  ['DATABASE_URL', 'postgres://notes:a/b@db.example/notes'],
  ['SECRET_KEY', 'short'],
  ['SECRET_KEY', 'a'.repeat(64)],
  ['SECRET_KEY', 'changeme'.repeat(8)],
  ['ACCESS_TOKEN_TTL', 'soon'],
  ['ACCESS_TOKEN_TTL', '0'],
  ['ACCESS_TOKEN_TTL', '25h'],
  ['ACCESS_TOKEN_TTL', '15 m'],
  ['ACCESS_TOKEN_TTL', '15M'],
  ['ACCESS_TOKEN_TTL', '1.5h'],
  ['REFRESH_TOKEN_TTL', '91d'],
  ['SECRET_KEY_ACCEPTED', 'short'],
  ['REGISTRATION', 'yes'],
  ['PASSWORD_MIN_LENGTH', '7'],
  ['TRUSTED_PROXIES', '10.0.0.0/33'],
  ['TRUSTED_PROXIES', '10.0.0.0/8/8'],
  ['TRUSTED_PROXIES', 'proxy.example'],
  ['TRUSTED_PROXIES', '10.0.0.0/'],
  ['DATABASE_POOL_SIZE', '0'],
  ['TRASH_DAYS', '1.5'],
  ['TRASH_DAYS', '30d'],
  ['HISTORY_DAYS', '1e3'],
  ['CORS_ORIGINS', 'https://a.example/path'],
  ['CORS_ORIGINS', 'https://a.example/'],
  ['CORS_ORIGINS', 'https://A.example'],
  ['CORS_ORIGINS', 'https://a.example:443'],
  ['CORS_ORIGINS', '*'],
  ['CORS_ORIGINS', 'https://a.example,null'],
  ['CORS_ORIGINS', 'a.example'],
  ['REPLY_VALIDATION', 'yes'],
  ['LOG_LEVEL', 'loud'],
  ['LOG_FORMAT', 'xml'],
])('%s refuses %s in one line that begins with its name', (name, text) => {
  const mistakes = mistakesIn(name === 'DATABASE_URL' ? { [name]: text, SECRET_KEY: KEY } : { [name]: text })
  expect(mistakes).toHaveLength(1)
  expect(mistakes[0]).toMatch(new RegExp(`^${name} (must|is) [^\n]{8,160}$`))
})

test.each([
  ['HOST', '[::1]', 'must be a host name or an IP address, without port or brackets'],
  ['PORT', '8OOO', 'must be a whole number from 0 to 65535'],
  ['DATABASE_URL', 'db.example', 'must be a URL such as postgres://user:password@host:5432/name'],
  ['ACCESS_TOKEN_TTL', '15 m', 'must be a whole number followed by s (the default), m, h or d, from 1s to 24h'],
  ['TRUSTED_PROXIES', '*', 'must be addresses or networks such as 10.0.0.0/8 or fd00::/8, separated by commas'],
  ['REGISTRATION', 'off', 'must be open or closed'],
  ['REPLY_VALIDATION', 'on', 'must be enforce, log or off'],
])('%s=%s is refused with what to write instead', (name, text, mistake) => {
  expect(mistakesIn({ SECRET_KEY: KEY, [name]: text })).toEqual([`${name} ${mistake}`])
})

test('every wrong setting is reported at once, and none is quoted', () => {
  const wrong = Object.fromEntries(settings.map(({ name }) => [name, 'canary !']))
  const mistakes = mistakesIn(wrong)
  expect(mistakes.map((line) => line.split(' ')[0])).toEqual(
    settings.map(({ name }) => name).filter((name) => name !== 'DATA_DIR'),
  )
  expect(mistakes.join('\n')).not.toContain('canary')
})

test('DATABASE_URL without SECRET_KEY is refused with the command that makes one', () => {
  const [mistake = '', ...others] = mistakesIn({ DATABASE_URL: URL_GIVEN.DATABASE_URL })
  expect(others).toEqual([])
  expect(mistake).toMatch(/^SECRET_KEY is required with DATABASE_URL; make one with: node -p /)
  expect(loadConfig(URL_GIVEN).databaseUrl).toBe(URL_GIVEN.DATABASE_URL)
})

test('--help lists every setting with its default and the values that it accepts', () => {
  const lines = helpText('1.2.3').split('\n')
  for (const { name, fallback, reader, help } of settings) {
    const index = lines.findIndex((text) => text.startsWith(`  ${name} `))
    expect(lines[index], name).toContain(help)
    const value = `Value: ${reader.accepts}${fallback === '' ? '' : ` [${fallback}]`}`
    expect(lines[index + 1]?.trimStart(), name).toBe(value)
  }
})

test('.env.example names every setting, and a copy of it as .env changes nothing', () => {
  const given = parseEnv(readFileSync(new URL('../.env.example', import.meta.url), 'utf8'))
  expect(Object.keys(given).toSorted()).toEqual(settings.map(({ name }) => name).toSorted())
  expect(loadConfig(given)).toEqual(loadConfig({}))
})

test('compose.yaml passes on every setting that .env may hold, and repeats no default', () => {
  const compose = load(readFileSync(new URL('../compose.yaml', import.meta.url), 'utf8')) as {
    services: { api: { environment: Record<string, string> } }
  }
  // The image listens on its own port, and its database is the container beside it.
  const fixed = new Set(['HOST', 'PORT', 'DATABASE_URL', 'DATA_DIR', 'SECRET_KEY'])
  const passedOn = settings.map(({ name }) => name).filter((name) => !fixed.has(name))
  const { DATABASE_URL, SECRET_KEY, ...environment } = compose.services.api.environment
  expect([DATABASE_URL, SECRET_KEY]).toEqual([
    expect.stringMatching(/^postgres:/),
    expect.stringMatching(/^\$\{SECRET_KEY:\?/),
  ])
  expect(environment).toEqual(Object.fromEntries(passedOn.map((name) => [name, `\${${name}:-}`])))
})
