import { readDatabaseUrl, sessionParameterOf, withPassword } from '../db/database-url.ts'
import { StartupError } from '../startup-error.ts'
import { MAKE_A_KEY, Mistake, type Reader } from './readers.ts'
import type { Setting } from './setting.ts'
import { type SettingName, settings } from './settings.ts'

/** The value of every setting, under the field that src/config/settings.ts names. */
export type Config = { readonly [S in (typeof settings)[number] as S['field']]: ValueOf<S['reader']> }
type ValueOf<R> = R extends Reader<infer T> ? T : never

type Environment = Readonly<Record<string, string | undefined>>

/** Reads the settings. Throws one StartupError with a line for every setting that is wrong; nothing is guessed. */
export function loadConfig(env: Environment): Config {
  const values: Record<string, unknown> = {}
  const mistakes: string[] = []
  for (const setting of settings) {
    const { name, field, fallback, reader } = setting
    const value = reader.read(givenText(env, setting) ?? fallback)
    if (value instanceof Mistake) mistakes.push(`${name} ${value.message}`)
    else values[field] = value
  }
  if (mistakes.length > 0) throw new StartupError(...mistakes, ...missing(env))
  if (!isComplete(values)) throw new Error('A setting has no value')
  const conflicts = [...missing(env), ...conflictsIn(values)]
  if (conflicts.length > 0) throw new StartupError(...conflicts)
  return Object.freeze(withPasswords(values))
}

/** The embedded database keeps a key of its own; for any other database the operator has to give one. */
function missing(env: Environment): string[] {
  const isMissing = isGiven(env, 'DATABASE_URL') && !isGiven(env, 'SECRET_KEY')
  return isMissing ? [`SECRET_KEY is required with DATABASE_URL; ${MAKE_A_KEY}`] : []
}

/** Settings that are right alone, but would have no effect, or not work, together. */
function conflictsIn({ rateLimits, redisUrl, ...others }: Config): string[] {
  const idle = rateLimits === 'off' && redisUrl !== undefined
  const text = 'REDIS_URL has no effect with RATE_LIMITS=off: remove one of them'
  return [...(idle ? [text] : []), ...metricsConflicts(others), ...databaseConflicts(others)]
}

type MetricsConfig = Pick<Config, 'port' | 'metricsPort' | 'metricsHost' | 'metricsToken'>

function metricsConflicts({ port, metricsPort, metricsHost, metricsToken }: MetricsConfig): string[] {
  const isOwnAddress = /^(127\..+|::1|localhost)$/.test(metricsHost)
  if (metricsPort === undefined) {
    const idle = [...(metricsToken === undefined ? [] : ['METRICS_TOKEN']), ...(isOwnAddress ? [] : ['METRICS_HOST'])]
    return idle.map((name) => `${name} has no effect without METRICS_PORT: set that too, or remove it`)
  }
  const conflicts: string[] = []
  if (metricsPort === port) conflicts.push('METRICS_PORT must not be PORT')
  if (metricsToken === undefined && !isOwnAddress)
    conflicts.push(`METRICS_TOKEN is required with METRICS_HOST ${metricsHost}, which others may reach; ${MAKE_A_KEY}`)
  return conflicts
}

type DatabaseConfig = Pick<Config, 'databaseUrl' | 'databasePassword' | 'databasePooler' | 'migrationDatabaseUrl'>

function databaseConflicts({
  databaseUrl,
  databasePassword,
  databasePooler,
  migrationDatabaseUrl,
}: DatabaseConfig): string[] {
  const isPooled = databasePooler !== 'none'
  if (databaseUrl === undefined) {
    const idle = [
      ...(databasePassword === undefined ? [] : ['DATABASE_PASSWORD']),
      ...(isPooled ? ['DATABASE_POOLER'] : []),
      ...(migrationDatabaseUrl === undefined ? [] : ['MIGRATION_DATABASE_URL']),
    ]
    return idle.map((name) => `${name} has no effect without DATABASE_URL: set that too, or remove it`)
  }
  const conflicts: string[] = []
  if (databasePassword !== undefined && readDatabaseUrl(databaseUrl).password !== undefined)
    conflicts.push('DATABASE_PASSWORD is set, and DATABASE_URL has a password too: remove one of them')
  if (isPooled && migrationDatabaseUrl === undefined)
    conflicts.push('MIGRATION_DATABASE_URL is required with DATABASE_POOLER: the address of PostgreSQL itself')
  const parameter = isPooled ? sessionParameterOf(databaseUrl) : undefined
  if (parameter !== undefined) {
    const remedy = 'use alter role … set … in PostgreSQL'
    conflicts.push(`DATABASE_URL must not have ${parameter} with DATABASE_POOLER; ${remedy}`)
  }
  return conflicts
}

function withPasswords(config: Config): Config {
  const { databaseUrl, databasePassword, migrationDatabaseUrl } = config
  if (databasePassword === undefined || databaseUrl === undefined) return config
  const hasOwn = migrationDatabaseUrl === undefined || readDatabaseUrl(migrationDatabaseUrl).password !== undefined
  return {
    ...config,
    databaseUrl: withPassword(databaseUrl, databasePassword),
    migrationDatabaseUrl: hasOwn ? migrationDatabaseUrl : withPassword(migrationDatabaseUrl, databasePassword),
  }
}

/**
 * undefined for a setting that is missing or blank: compose.yaml passes on an unset variable as an empty one. Quotation
 * marks around the whole text are taken off, as in `.env`: docker's --env-file passes them on.
 */
function givenText(env: Environment, { name, isVerbatim = false }: Setting): string | undefined {
  const text = env[name]
  const trimmed = text
    ?.trim()
    .replace(/^(["'])(.*)\1$/s, '$2')
    .trim()
  return text === undefined || trimmed === '' ? undefined : isVerbatim ? text : trimmed
}

function isGiven(env: Environment, name: SettingName): boolean {
  return settings.some((setting) => setting.name === name && givenText(env, setting) !== undefined)
}

/** The type of each field is the type that its own reader returns, so all fields together make a Config. */
function isComplete(values: Readonly<Record<string, unknown>>): values is Config {
  return settings.every(({ field }) => Object.hasOwn(values, field))
}
