import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { StartupError } from '../startup-error.ts'

/** The settings as text: the environment of the process over the `.env` file beside it. Only programs call this. */
export function readEnvironment(): Record<string, string | undefined> {
  return { ...readEnvFile(), ...process.env }
}

function readEnvFile(): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync('.env', 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw new StartupError(`.env cannot be read: ${String(error)}`)
  }
}
