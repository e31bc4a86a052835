import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { StartupError } from '../startup-error.ts'

/**
 * The settings as text: the `.env` file in the working directory, overridden by the environment of the process. Each
 * program calls this once, at its start; all other code receives a Config.
 */
export function readEnvironment(): Record<string, string | undefined> {
  return { ...readEnvFile(), ...process.env }
}

function readEnvFile(): NodeJS.Dict<string> {
  try {
    // Some editors begin a file with a byte order mark, which parseEnv would make part of the first name.
    return parseEnv(readFileSync('.env', 'utf8').replace(/^\uFEFF/, ''))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw new StartupError(`.env cannot be read: ${String(error)}`)
  }
}
