import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseEnv } from 'node:util'
import { load } from 'js-yaml'
import { expect, test } from 'vitest'
import { loadConfig } from '../src/config/config.ts'
import { helpText } from '../src/config/help.ts'
import { settings } from '../src/config/settings.ts'
import { readDatabaseUrl } from '../src/db/database-url.ts'
import { StartupError } from '../src/startup-error.ts'

const PROJECT = join(import.meta.dirname, '..')
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
    databasePassword: undefined,
    databasePooler: 'none',
    migrationDatabaseUrl: undefined,
    dataDir: join(PROJECT, 'data'),
    backupEverySeconds: undefined,
    backupKeep: 7,
    backupDir: undefined,
    secretKey: undefined,
    secretKeyAccepted: undefined,
    accessTokenSeconds: 900,
    refreshTokenSeconds: 30 * 86_400,
    registration: 'open',
    passwordMinLength: 8,
    trustedProxies: [],
    rateLimits: 'on',
    userQuota: 6000,
    addressQuota: 1200,
    redisUrl: undefined,
    workers: 1,
    poolSize: 10,
    historyVersions: 1000,
    historyDays: 365,
    trashDays: 30,
    corsOrigins: [],
    publicUrl: undefined,
    replyValidation: 'enforce',
    metricsPort: undefined,
    metricsHost: '127.0.0.1',
    metricsToken: undefined,
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
  [
    'CORS_ORIGINS',
    'capacitor://localhost,app://obsidian.md,tauri://localhost,moz-extension://0a1b-2c,https://xn--mnchen-3ya.example',
    'corsOrigins',
    [
      'capacitor://localhost',
      'app://obsidian.md',
      'tauri://localhost',
      'moz-extension://0a1b-2c',
      'https://xn--mnchen-3ya.example',
    ],
  ],
  ['PORT', '"8000"', 'port', 8_000],
  ['PORT', " '8000' ", 'port', 8_000],
  ['REGISTRATION', '"closed"', 'registration', 'closed'],
  ['CORS_ORIGINS', '"https://a.example,https://b.example"', 'corsOrigins', ['https://a.example', 'https://b.example']],
  ['DATA_DIR', '/var/lib/notes', 'dataDir', '/var/lib/notes'],
  ['PUBLIC_URL', 'https://notes.example.com', 'publicUrl', 'https://notes.example.com'],
  ['PUBLIC_URL', 'https://notes.example.com/', 'publicUrl', 'https://notes.example.com'],
  ['PUBLIC_URL', 'https://example.com/notes-app/', 'publicUrl', 'https://example.com/notes-app'],
  ['PUBLIC_URL', 'HTTPS://Example.COM:443/Team/notes_2', 'publicUrl', 'https://example.com/Team/notes_2'],
  ['PUBLIC_URL', 'http://[2001:DB8::1]:8080', 'publicUrl', 'http://[2001:db8::1]:8080'],
  ['PUBLIC_URL', 'https://münchen.example', 'publicUrl', 'https://xn--mnchen-3ya.example'],
  ['DATA_DIR', 'kept/here', 'dataDir', join(PROJECT, 'kept', 'here')],
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
  ['WORKERS', '0'],
  ['WORKERS', 'auto'],
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
  ['CORS_ORIGINS', 'https://*.example.com'],
  ['CORS_ORIGINS', 'app://*'],
  ['CORS_ORIGINS', 'App://obsidian.md'],
  ['CORS_ORIGINS', 'app://obsidian.md/'],
  ['CORS_ORIGINS', 'https://münchen.example'],
  ['CORS_ORIGINS', 'https://a.example https://b.example'],
  ['DATA_DIR', '~/notes'],
  ['DATA_DIR', '"/var/lib/notes'],
  ['DATABASE_POOLER', 'session'],
  ['PORT', '"8000'],
  ['PORT', '8000 # the port'],
  ['REPLY_VALIDATION', 'yes'],
  ['LOG_LEVEL', 'loud'],
  ['LOG_FORMAT', 'xml'],
])('%s refuses %s in one line that begins with its name', (name, text) => {
  const mistakes = mistakesIn({ ...(name === 'SECRET_KEY' ? {} : { SECRET_KEY: KEY }), [name]: text })
  expect(mistakes).toHaveLength(1)
  expect(mistakes[0]).toMatch(new RegExp(`^${name} (must|is) [^\n]{8,240}$`))
})

test.each([
  ['HOST', '[::1]', 'must be a host name or an IP address, without port or brackets'],
  ['PORT', '8OOO', 'must be a whole number from 0 to 65535'],
  ['ACCESS_TOKEN_TTL', '15 m', 'must be a whole number followed by s (the default), m, h or d, from 1s to 24h'],
  ['TRUSTED_PROXIES', '*', 'must be addresses or networks such as 10.0.0.0/8 or fd00::/8, separated by commas'],
  ['REGISTRATION', 'off', 'must be open or closed'],
  ['REPLY_VALIDATION', 'on', 'must be enforce, log or off'],
])('%s=%s is refused with what to write instead', (name, text, mistake) => {
  expect(mistakesIn({ SECRET_KEY: KEY, [name]: text })).toEqual([`${name} ${mistake}`])
})

test.each([
  ['notes.example.com', 'must begin with https:// or http://'],
  ['ftp://notes.example.com', 'must begin with https:// or http://'],
  ['https:notes.example.com', 'must begin with https:// or http://'],
  ['https://', 'must have a host and, if any, a port from 1 to 65535'],
  ['https://a.example:99999', 'must have a host and, if any, a port from 1 to 65535'],
  ['https://a.example:0', 'must have a host and, if any, a port from 1 to 65535'],
  ['https://a b.example', 'must have a host and, if any, a port from 1 to 65535'],
  ["https://a'b.example", 'must have a host and, if any, a port from 1 to 65535'],
  ['https://a.example\\notes', 'must have a host and, if any, a port from 1 to 65535'],
  ['https://ann:secret@a.example', 'must have no user name and no password'],
  ['https://@a.example', 'must have no user name and no password'],
  ['https://a.example/?x=1', 'must have no query: nothing after a ?'],
  ['https://a.example?', 'must have no query: nothing after a ?'],
  ['https://a.example/#notes', 'must have no fragment: nothing after a #'],
  ['https://a.example/notes app', 'must have a path of names'],
  ['https://a.example/notes%20app', 'must have a path of names'],
  ["https://a.example/'$(id)'", 'must have a path of names'],
  ['https://a.example/a//b', 'must have a path of names'],
  ['https://a.example/a/../b', 'must have a path of names'],
  ['https://a.example/.', 'must have a path of names'],
  [`https://a.example/${'a'.repeat(150)}`, 'must have at most 150 characters'],
])('PUBLIC_URL=%s is refused with the reason', (text, reason) => {
  const [mistake = '', ...others] = mistakesIn({ PUBLIC_URL: text })
  expect(others).toEqual([])
  expect(mistake).toContain(`PUBLIC_URL ${reason}`)
  expect(mistake).toMatch(
    /; write an address such as https:\/\/notes\.example\.com or https:\/\/example\.com\/notes-app$/,
  )
})

test('every wrong setting is reported at once, and none is quoted', () => {
  const wrong = Object.fromEntries(settings.map(({ name }) => [name, 'canary !']))
  const mistakes = mistakesIn(wrong)
  expect(mistakes.map((line) => line.split(' ')[0])).toEqual(
    // Any text is a password, and any text may be a path.
    settings.map(({ name }) => name).filter((name) => !name.endsWith('_DIR') && name !== 'DATABASE_PASSWORD'),
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

const code = (text: string): string => (text === '' ? '' : `\`${text}\``)

test('README and compose.yaml have the settings of the table, with the same defaults and values', () => {
  const [, section = ''] = /^## Settings\n([\s\S]*?)^## /m.exec(readFileSync(join(PROJECT, 'README.md'), 'utf8')) ?? []
  const [, , ...rows] = section.split('\n').filter((line) => line.startsWith('|'))
  expect(rows).toEqual(
    settings.map(
      ({ name, fallback, reader, help }) => `| \`${name}\` | ${code(fallback)} | ${help} | ${reader.accepts} |`,
    ),
  )
  const compose = load(readFileSync(join(PROJECT, 'compose.yaml'), 'utf8')) as {
    services: Record<
      'api' | 'replica' | 'db',
      { environment: Record<string, string>; ports?: string[]; volumes?: string[] }
    >
  }
  const { api, replica, db } = compose.services
  // The image listens on a port of its own and keeps nothing itself; the port of the host is PORT.
  const fixed = new Set<string>(['HOST', 'PORT', 'DATA_DIR'])
  const passedOn = settings.map(({ name }) => name).filter((name) => !fixed.has(name))
  const special: Record<string, string> = {
    DATABASE_URL: '${DATABASE_URL:-postgres://notes@db:5432/notes}',
    DATABASE_PASSWORD: '${DATABASE_PASSWORD:-${POSTGRES_PASSWORD:-notes}}',
    // A volume, because the root file system is read-only.
    BACKUP_DIR: '/backups',
    SECRET_KEY: '${SECRET_KEY:?set SECRET_KEY in .env, made with "openssl rand -base64 32"}',
  }
  expect(api.environment).toEqual(Object.fromEntries(passedOn.map((name) => [name, special[name] ?? `\${${name}:-}`])))
  expect(replica.environment).toEqual(api.environment)
  expect(api.volumes).toEqual(['backups:/backups'])
  expect(api.ports).toEqual(['127.0.0.1:${PORT:-8000}:8000'])
  // The same password on both sides, whatever characters it has.
  expect(db.environment['POSTGRES_PASSWORD']).toBe('${POSTGRES_PASSWORD:-notes}')
})

/** Texts that no setting may take in silence for something else than they seem to be. */
const EDGES: Record<string, readonly [taken: readonly string[], refused: readonly string[]]> = {
  HOST: [
    ['0.0.0.0', '::'],
    ['0.0.0.0:80', 'http://a', 'a b', 'a/b'],
  ],
  PORT: [
    ['0', '65535'],
    ['-1', '65536', '99999999999', '1e3', '0x1F', '8000.0', ':8000', '٨٠٠٠'],
  ],
  PUBLIC_URL: [
    ['https://a.example/', 'http://localhost:8000', 'http://127.0.0.1'],
    [
      'https://a.example?',
      'https://a.example/#',
      '/notes-app',
      'a.example',
      'https:/a.example',
      'https://a.example/a%2Fb',
    ],
  ],
  DATABASE_URL: [
    ['postgres://a@b/c', 'POSTGRESQL://a:b@c:1/d', 'postgres://a@/c?host=/run/postgresql', 'postgres://a@[::1]/c'],
    ['postgres://a@b:0/c', 'postgres://a@b:65536/c', 'http://a@b/c', 'host=a dbname=b', 'postgres://a@b,c/d'],
  ],
  DATABASE_PASSWORD: [['p@ss/w#rd', '"quoted"'], []],
  DATABASE_POOLER: [
    ['none', 'transaction'],
    ['Transaction', 'session', 'true', '1'],
  ],
  MIGRATION_DATABASE_URL: [['postgres://a@b/c'], ['a', 'postgres:/a']],
  DATA_DIR: [
    ['data', '/a b'],
    ['~', '~/data', '"data'],
  ],
  BACKUP_EVERY: [
    ['1m', '90d', '3600'],
    ['59s', '91d', 'daily', '0', '1 d'],
  ],
  BACKUP_KEEP: [
    ['1', '1000'],
    ['0', '1001', 'all', '7d'],
  ],
  BACKUP_DIR: [
    ['backups', '/a b'],
    ['~', '~/backups'],
  ],
  SECRET_KEY: [
    [KEY, 'ü'.repeat(3) + KEY],
    [KEY.slice(0, 31), 'ab'.repeat(16), '0'.repeat(32)],
  ],
  SECRET_KEY_ACCEPTED: [[KEY], ['x', KEY.slice(0, 31)]],
  ACCESS_TOKEN_TTL: [
    ['1', '1s', '24h', '1440m'],
    ['0', '0s', '24h1s', '86401', '25h', '-1s', '1w', '1 h', 'h'],
  ],
  REFRESH_TOKEN_TTL: [
    ['1s', '90d'],
    ['0d', '91d', '7776001', '1y'],
  ],
  REGISTRATION: [
    ['open', 'closed'],
    ['Open', 'true', 'no'],
  ],
  PASSWORD_MIN_LENGTH: [
    ['8', '64'],
    ['7', '65', '8.5', 'eight'],
  ],
  TRUSTED_PROXIES: [
    ['10.0.0.0/8', '::1'],
    ['10.0.0.0/33', '10.0.0', 'true', '*', 'loopback', '10.0.0.1;10.0.0.2'],
  ],
  RATE_LIMITS: [
    ['on', 'off'],
    ['true', 'On', '100'],
  ],
  RATE_LIMIT_USER: [
    ['60', '1000000'],
    ['59', '0', '1000001', '100/s', 'off', '-60', '6 000', '6e3'],
  ],
  RATE_LIMIT_ADDRESS: [
    ['60', '1000000'],
    ['59', '0', '1000001', '20/s', 'off', '-60', '1_200', '1200.5'],
  ],
  REDIS_URL: [
    ['redis://localhost', 'redis://redis:6379/0', 'rediss://user:p%40ss@[::1]:6380/15'],
    [
      'localhost:6379',
      'http://redis',
      'redis://',
      'redis://redis/notes',
      'redis://redis?db=1',
      'redis://:p@ss#1@redis',
    ],
  ],
  WORKERS: [
    ['1', '64'],
    ['0', '65', 'all'],
  ],
  DATABASE_POOL_SIZE: [
    ['1', '1000'],
    ['0', '1001', 'max'],
  ],
  HISTORY_VERSIONS: [
    ['1', '100000'],
    ['0', '100001', 'all'],
  ],
  HISTORY_DAYS: [
    ['1', '36500'],
    ['0', '36501', '365d'],
  ],
  TRASH_DAYS: [
    ['1', '3650'],
    ['0', '3651', '30 days'],
  ],
  CORS_ORIGINS: [['http://localhost:5173'], ['*', 'null', 'localhost', 'https://', 'https://a.example?', 'file://']],
  REPLY_VALIDATION: [
    ['enforce', 'log', 'off'],
    ['false', 'none', 'LOG'],
  ],
  STOP_DELAY: [
    ['0s', '0', '5s'],
    ['6s', '1m', '-1', 'never'],
  ],
  METRICS_PORT: [
    ['1', '65535'],
    ['0', '65536', ':9100', 'on'],
  ],
  METRICS_HOST: [
    ['0.0.0.0', '::', 'localhost'],
    ['0.0.0.0:9100', 'http://a'],
  ],
  METRICS_TOKEN: [[KEY], ['x', KEY.slice(0, 31)]],
  LOG_LEVEL: [
    ['trace', 'silent'],
    ['verbose', 'INFO', '30'],
  ],
  LOG_FORMAT: [
    ['auto', 'pretty', 'json'],
    ['text', 'JSON'],
  ],
}

/** Other settings, without which this one has no effect. */
function neededBy(name: string): Record<string, string> {
  if (name === 'DATABASE_URL' || name.includes('DATABASE_P') || name.startsWith('MIGRATION'))
    return { ...URL_GIVEN, DATABASE_URL: 'postgres://a@b/c', MIGRATION_DATABASE_URL: 'postgres://a@b/c' }
  return ['METRICS_HOST', 'METRICS_TOKEN'].includes(name) ? { METRICS_PORT: '9100', METRICS_TOKEN: KEY } : {}
}

test.each(settings.map(({ name, reader }) => [name, reader.accepts] as const))(
  '%s takes the edges of its range, plain or in quotation marks, and refuses what lies beyond with what it accepts',
  (name, accepts) => {
    const needed = neededBy(name)
    const [taken, refused] = EDGES[name] ?? [[], []]
    expect(taken.length, name).toBeGreaterThan(0)
    for (const text of taken.flatMap((value) => [value, `"${value}"`, ` '${value}' `])) {
      expect(mistakesIn({ ...needed, [name]: text }), text).toEqual([])
    }
    for (const text of refused) {
      const mistakes = mistakesIn({ ...needed, SECRET_KEY: KEY, [name]: text })
      expect(mistakes, text).toEqual([expect.stringMatching(new RegExp(`^${name} (must|is) `))])
      const isSpecial = name.includes('SECRET_KEY') || name.endsWith('_URL') || name.endsWith('_TOKEN')
      if (!isSpecial) expect(mistakes[0], text).toBe(`${name} must be ${accepts}`)
    }
    for (const text of ['', ' ', '""', "' '", '\t']) {
      expect(
        mistakesIn({ ...(name === 'DATABASE_URL' ? {} : needed), [name]: text }).join(),
        JSON.stringify(text),
      ).toBe('')
    }
  },
)

test.each([
  ['postgres://app:p@ss/w#rd@db.example/notes'],
  ['postgres://app:p@ss/word@db.example/notes'],
  ['postgres://app:12/34@db.example/notes'],
  ['postgres://app:p#rd@db.example/notes'],
  ['postgres://app:12?34@db.example/notes'],
  ['postgres://app:p@ss?word@db.example/notes'],
  ['postgres://app:50%ss@db.example/notes'],
  ['postgres://app:p@/ss@db.example/notes'],
])('the password in %s is refused as not encoded, without a piece of it', (text) => {
  expect(mistakesIn({ ...URL_GIVEN, DATABASE_URL: text })).toEqual([
    'DATABASE_URL must be a URL such as postgres://user:password@host:5432/name; in the password write @ as %40, ' +
      '/ as %2F, # as %23, ? as %3F and % as %25, or put it in DATABASE_PASSWORD instead',
  ])
})

test.each([
  ['?sslmode=allow', 'must have an sslmode of disable, require, verify-ca or verify-full; '],
  ['?sslmode=prefer', 'must have an sslmode of disable, require, verify-ca or verify-full; '],
  ['?sslmode=verify-ca', 'must have an sslrootcert with sslmode=verify-ca'],
  ['?sslrootcert=/etc/ca.pem', 'must have sslmode=verify-full, because sslrootcert has no effect without TLS'],
  ['?sslmode=require&sslrootcert=/no/such.pem', 'must have an sslrootcert that can be read (ENOENT)'],
  ['?sslmode=require&sslnegotiation=fast', 'must have an sslnegotiation of postgres or direct'],
  ['?schema=notes', 'must not have the parameter schema after the ?; allowed are application_name, '],
  ['?statement_timeout=0', 'must have a statement_timeout in milliseconds, a whole number above 0'],
  ['?sslmode=require&sslmode=disable', 'must not have the parameter sslmode twice'],
  ['?port=0', 'must have a port from 1 to 65535'],
])('DATABASE_URL with %s is refused with the reason', (parameters, reason) => {
  const mistakes = mistakesIn({ ...URL_GIVEN, DATABASE_URL: `postgres://notes@db.example/notes${parameters}` })
  expect(mistakes).toEqual([expect.stringContaining(`DATABASE_URL ${reason}`)])
})

test('a password is taken as it is from DATABASE_PASSWORD, for both addresses that have none', () => {
  const password = ' "p@ss/w#rd?%zz: ü" '
  const { databaseUrl = '', migrationDatabaseUrl = '' } = loadConfig({
    DATABASE_URL: 'postgres://notes@/notes?host=/run/postgresql',
    MIGRATION_DATABASE_URL: 'postgres://owner@db.example/notes',
    DATABASE_PASSWORD: password,
    SECRET_KEY: KEY,
  })
  expect(readDatabaseUrl(databaseUrl)).toMatchObject({ host: '/run/postgresql', user: 'notes', password })
  expect(readDatabaseUrl(migrationDatabaseUrl)).toMatchObject({ host: 'db.example', user: 'owner', password })
})

test.each([
  [{ METRICS_TOKEN: KEY }, 'METRICS_TOKEN has no effect without METRICS_PORT'],
  [{ METRICS_HOST: '0.0.0.0' }, 'METRICS_HOST has no effect without METRICS_PORT'],
  [{ METRICS_PORT: '8000' }, 'METRICS_PORT must not be PORT'],
  [{ METRICS_PORT: '9100', METRICS_HOST: '0.0.0.0' }, 'METRICS_TOKEN is required with METRICS_HOST 0.0.0.0'],
  [{ DATABASE_PASSWORD: 'a' }, 'DATABASE_PASSWORD has no effect without DATABASE_URL'],
  [{ DATABASE_POOLER: 'transaction' }, 'DATABASE_POOLER has no effect without DATABASE_URL'],
  [{ MIGRATION_DATABASE_URL: 'postgres://a@b/c' }, 'MIGRATION_DATABASE_URL has no effect without DATABASE_URL'],
  [{ ...URL_GIVEN, DATABASE_PASSWORD: 'a' }, 'DATABASE_PASSWORD is set, and DATABASE_URL has a password too'],
  [{ ...URL_GIVEN, DATABASE_POOLER: 'transaction' }, 'MIGRATION_DATABASE_URL is required with DATABASE_POOLER'],
  [
    {
      ...URL_GIVEN,
      DATABASE_URL: `${URL_GIVEN.DATABASE_URL}?options=-csearch_path%3Dnotes`,
      DATABASE_POOLER: 'transaction',
      MIGRATION_DATABASE_URL: 'postgres://a@b/c',
    },
    'DATABASE_URL must not have options with DATABASE_POOLER',
  ],
])('%j is refused, because the settings do not work together', (env, line) => {
  expect(mistakesIn(env)).toEqual([expect.stringContaining(line)])
})
