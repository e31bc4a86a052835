import { isNetwork } from '../http/client-address.ts'
import { settings, type SettingName } from './settings.ts'
import { StartupError } from '../startup-error.ts'

export interface Config {
  readonly host: string
  readonly port: number
  /** undefined: the embedded database. */
  readonly databaseUrl: string | undefined
  readonly dataDir: string
  /** undefined only with the embedded database, which keeps its own. */
  readonly secretKey: string | undefined
  /** Its tokens are accepted, and none are made with it. */
  readonly secretKeyAccepted: string | undefined
  readonly accessTokenSeconds: number
  readonly refreshTokenSeconds: number
  readonly registration: 'open' | 'closed'
  readonly passwordMinLength: number
  readonly trustedProxies: readonly string[]
  readonly poolSize: number
  readonly historyVersions: number
  readonly historyDays: number
  readonly trashDays: number
  readonly corsOrigins: readonly string[]
  readonly replyValidation: 'enforce' | 'log' | 'off'
  readonly logLevel: string
  readonly logFormat: 'auto' | 'pretty' | 'json'
}

const DAY = 86_400
const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
const MAKE_A_KEY = 'make one with: node -p "crypto.randomBytes(32).toString(\'base64\')"'

/** Reads the settings. Throws one StartupError with a line for every setting that is wrong; nothing is guessed. */
export function loadConfig(env: Readonly<Record<string, string | undefined>>): Config {
  const textOf = (name: SettingName): string => {
    const given = env[name]?.trim() ?? ''
    return given === '' ? (settings.find((setting) => setting.name === name)?.fallback ?? '') : given
  }
  const parsers = createParsers(textOf('DATABASE_URL') !== '')
  const faults = settings.flatMap(({ name }) => {
    const value = parsers[name](textOf(name))
    return value instanceof Fault ? [`${name} ${value.message}`] : []
  })
  if (faults.length > 0) throw new StartupError(...faults)

  const read = <T>(name: SettingName, parse: (text: string) => T | Fault): T => {
    const value = parse(textOf(name))
    if (value instanceof Fault) throw new StartupError(`${name} ${value.message}`)
    return value
  }
  return Object.freeze({
    host: read('HOST', parsers.HOST),
    port: read('PORT', parsers.PORT),
    databaseUrl: read('DATABASE_URL', parsers.DATABASE_URL),
    dataDir: read('DATA_DIR', parsers.DATA_DIR),
    secretKey: read('SECRET_KEY', parsers.SECRET_KEY),
    secretKeyAccepted: read('SECRET_KEY_ACCEPTED', parsers.SECRET_KEY_ACCEPTED),
    accessTokenSeconds: read('ACCESS_TOKEN_TTL', parsers.ACCESS_TOKEN_TTL),
    refreshTokenSeconds: read('REFRESH_TOKEN_TTL', parsers.REFRESH_TOKEN_TTL),
    registration: read('REGISTRATION', parsers.REGISTRATION),
    passwordMinLength: read('PASSWORD_MIN_LENGTH', parsers.PASSWORD_MIN_LENGTH),
    trustedProxies: read('TRUSTED_PROXIES', parsers.TRUSTED_PROXIES),
    poolSize: read('DATABASE_POOL_SIZE', parsers.DATABASE_POOL_SIZE),
    historyVersions: read('HISTORY_VERSIONS', parsers.HISTORY_VERSIONS),
    historyDays: read('HISTORY_DAYS', parsers.HISTORY_DAYS),
    trashDays: read('TRASH_DAYS', parsers.TRASH_DAYS),
    corsOrigins: read('CORS_ORIGINS', parsers.CORS_ORIGINS),
    replyValidation: read('REPLY_VALIDATION', parsers.REPLY_VALIDATION),
    logLevel: read('LOG_LEVEL', parsers.LOG_LEVEL),
    logFormat: read('LOG_FORMAT', parsers.LOG_FORMAT),
  })
}

/** How each setting is read; one without a parser does not compile. */
function createParsers(isSecretKeyRequired: boolean) {
  return {
    HOST: (text: string) => (/^[A-Za-z0-9.:_-]+$/.test(text) ? text : new Fault('must be a host name or an address')),
    PORT: integer(0, 65_535),
    DATABASE_URL: postgresUrl,
    DATA_DIR: (text: string) => text,
    SECRET_KEY: secretKey(isSecretKeyRequired),
    SECRET_KEY_ACCEPTED: secretKey(false),
    ACCESS_TOKEN_TTL: duration(1, DAY),
    REFRESH_TOKEN_TTL: duration(1, 90 * DAY),
    REGISTRATION: oneOf(['open', 'closed']),
    PASSWORD_MIN_LENGTH: integer(8, 64),
    TRUSTED_PROXIES: networks,
    DATABASE_POOL_SIZE: integer(1, 1_000),
    HISTORY_VERSIONS: integer(1, 100_000),
    HISTORY_DAYS: integer(1, 36_500),
    TRASH_DAYS: integer(1, 3_650),
    CORS_ORIGINS: origins,
    REPLY_VALIDATION: oneOf(['enforce', 'log', 'off']),
    LOG_LEVEL: oneOf(LOG_LEVELS),
    LOG_FORMAT: oneOf(['auto', 'pretty', 'json']),
  } satisfies Record<SettingName, (text: string) => unknown>
}

/** What is wrong with a value, to be read after the name of its setting. It never quotes a value: it may be a secret. */
class Fault {
  readonly message: string
  constructor(message: string) {
    this.message = message
  }
}

function integer(least: number, most: number): (text: string) => number | Fault {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
    return value >= least && value <= most ? value : new Fault(`must be a whole number from ${least} to ${most}`)
  }
}

/** Seconds from `900`, `15m`, `12h` or `30d`. */
function duration(least: number, most: number): (text: string) => number | Fault {
  const units: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: DAY }
  return (text) => {
    const [, count = '', unit = 's'] = /^(\d{1,9})([smhd])?$/.exec(text) ?? []
    const seconds = count === '' ? Number.NaN : Number(count) * (units[unit] ?? Number.NaN)
    if (seconds >= least && seconds <= most) return seconds
    return new Fault(`must be a time such as 900s, 15m, 12h or 30d, from ${least}s to ${most}s`)
  }
}

function oneOf<const T extends string>(choices: readonly T[]): (text: string) => T | Fault {
  return (text) => choices.find((choice) => choice === text) ?? new Fault(`must be one of ${choices.join(', ')}`)
}

function postgresUrl(text: string): string | undefined | Fault {
  if (text === '') return undefined
  const url = URL.parse(text)
  const known = url !== null && (url.protocol === 'postgres:' || url.protocol === 'postgresql:')
  return known ? text : new Fault('must look like postgres://user:password@host:5432/name')
}

function secretKey(required: boolean): (text: string) => string | undefined | Fault {
  return (text) => {
    if (text === '') return required ? new Fault(`is required with DATABASE_URL; ${MAKE_A_KEY}`) : undefined
    if (Buffer.byteLength(text) < 32) return new Fault(`must have at least 32 bytes; ${MAKE_A_KEY}`)
    if (new Set(text).size < 10) return new Fault(`is too easy to guess; ${MAKE_A_KEY}`)
    return text
  }
}

function entriesOf(text: string): string[] {
  const entries = text.split(',').map((entry) => entry.trim())
  return entries.filter((entry) => entry !== '')
}

function networks(text: string): string[] | Fault {
  const list = entriesOf(text)
  return list.every(isNetwork)
    ? list
    : new Fault('must be addresses or networks such as 10.0.0.0/8 or fd00::/8, separated by commas')
}

function origins(text: string): string[] | Fault {
  const list = entriesOf(text)
  const wrong = list.some((entry) => URL.parse(entry)?.origin !== entry)
  return wrong
    ? new Fault('must be origins such as https://notes.example.com, without a path, separated by commas')
    : list
}
