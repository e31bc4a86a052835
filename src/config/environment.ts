import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { StartupError } from '../startup-error.ts'
import { decodeEnvFile, parseEnvFile } from './env-file.ts'
import { nearestName } from './nearest.ts'
import { PROJECT } from './readers.ts'
import { settings } from './settings.ts'

export interface Environment {
  /** The settings as text: those of `.env`, overridden by the environment of the process. */
  readonly values: Readonly<Record<string, string | undefined>>
  /** What the operator should know, a sentence each. */
  readonly remarks: readonly string[]
}

const names = settings.map(({ name }) => name)
/** Docker Compose reads these from the same `.env`. */
export const OF_COMPOSE = /^(POSTGRES_PASSWORD|POSTGRES_MEMORY|API_MEMORY|REPLICA_PORT|COMPOSE_\w+)$/

/**
 * Reads the `.env` file in the working directory, or else in the folder of the project, and the environment of the
 * process. Each program calls this once, at its start; all other code receives a Config.
 */
export function readEnvironment(): Environment {
  const { values, remarks } = readEnvFile()
  return { values: { ...values, ...process.env }, remarks: [...remarks, ...misspelt(Object.keys(process.env))] }
}

/** The file that settings are read from; it need not exist. */
export function envFile(): string {
  const here = resolve('.env')
  return existsSync(here) ? here : join(PROJECT, '.env')
}

function readEnvFile(): Environment {
  const values = parseEnvFile(decodeEnvFile(bytesOf(envFile())))
  const mistakes: string[] = []
  const remarks: string[] = []
  for (const [name, value] of Object.entries(values)) {
    if (isSetting(name) && /\$(\{\w+\}|\(.+\))/.test(value ?? ''))
      mistakes.push(`${name} in .env holds a \${…} or $(…), which is not expanded there: write the value itself`)
    if (isSetting(name) || OF_COMPOSE.test(name)) continue
    const meant = nearestName(name, names)
    if (meant === undefined) remarks.push(`.env sets ${name}, which is no setting of this server and has no effect`)
    else mistakes.push(`.env sets ${name}, which is no setting: did you mean ${meant}?`)
  }
  if (mistakes.length > 0) throw new StartupError(...mistakes)
  return { values, remarks }
}

function bytesOf(file: string): Uint8Array {
  try {
    return readFileSync(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return new Uint8Array()
    throw new StartupError(`.env cannot be read: ${String(error)}`)
  }
}

/** The environment holds much that is not ours, so only a long name that is nearly a setting is worth a remark. */
function misspelt(given: readonly string[]): string[] {
  return given.flatMap((name) => {
    const meant = isSetting(name) ? undefined : nearestName(name, names)
    const isSwapped = meant !== undefined && lettersOf(name) === lettersOf(meant)
    if (meant === undefined || (name.length < 8 && !isSwapped)) return []
    return [`the environment has ${name}, which is no setting: did you mean ${meant}?`]
  })
}

function isSetting(name: string): boolean {
  return names.some((known) => known === name)
}

function lettersOf(name: string): string {
  return name.split('').toSorted().join('')
}
