import { StartupError } from '../startup-error.ts'
import { MAKE_A_KEY, Mistake, type Reader } from './readers.ts'
import { type SettingName, settings } from './settings.ts'

/** The value of every setting, under the field that src/config/settings.ts names. */
export type Config = { readonly [S in (typeof settings)[number] as S['field']]: ValueOf<S['reader']> }
type ValueOf<R> = R extends Reader<infer T> ? T : never

type Environment = Readonly<Record<string, string | undefined>>

/** Reads the settings. Throws one StartupError with a line for every setting that is wrong; nothing is guessed. */
export function loadConfig(env: Environment): Config {
  const values: Record<string, unknown> = {}
  const mistakes: string[] = []
  for (const { name, field, fallback, reader } of settings) {
    const value = reader.read(givenText(env, name) ?? fallback)
    if (value instanceof Mistake) mistakes.push(`${name} ${value.message}`)
    else values[field] = value
  }
  mistakes.push(...checkSecretKey(env))
  if (mistakes.length > 0 || !isComplete(values)) throw new StartupError(...mistakes)
  return Object.freeze(values)
}

/** The embedded database keeps a key of its own; for any other database the operator has to give one. */
function checkSecretKey(env: Environment): string[] {
  const isMissing = givenText(env, 'DATABASE_URL') !== undefined && givenText(env, 'SECRET_KEY') === undefined
  return isMissing ? [`SECRET_KEY is required with DATABASE_URL; ${MAKE_A_KEY}`] : []
}

/** undefined for a setting that is missing or blank: compose.yaml passes on an unset variable as an empty one. */
function givenText(env: Environment, name: SettingName): string | undefined {
  const text = env[name]?.trim()
  return text === '' ? undefined : text
}

/** The type of each field is the type that its own reader returns, so all fields together make a Config. */
function isComplete(values: Readonly<Record<string, unknown>>): values is Config {
  return settings.every(({ field }) => Object.hasOwn(values, field))
}
