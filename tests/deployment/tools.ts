/** The programs of others that check the files for containers. `install.ts` installs them. */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasGo } from '../support/go.ts'
import { pythonDirectory } from '../support/python.ts'

export const PROJECT = join(import.meta.dirname, '..', '..')
export const CACHE = join(PROJECT, 'node_modules', '.cache', 'deployment')

const GO_MODULE = join(import.meta.dirname, 'compose-go')
const REQUIREMENTS = join(import.meta.dirname, 'requirements.txt')

/** A changed program or another version of the loader gets another name. */
const goKey = ['main.go', 'go.mod', 'go.sum']
  .reduce((hash, name) => hash.update(readFileSync(join(GO_MODULE, name))), createHash('sha256'))
  .digest('hex')
  .slice(0, 12)

export const COMPOSE_GO = { source: GO_MODULE, binary: join(CACHE, `compose-go-${goKey}`) }
export const HADOLINT = {
  requirements: REQUIREMENTS,
  binary: join(pythonDirectory(CACHE, REQUIREMENTS), 'bin', 'hadolint'),
}

/** Whether a check can run. In CI it must, where its language is there: then its absence fails the test. */
export const canRun = {
  composeGo: existsSync(COMPOSE_GO.binary) || (process.env['CI'] === 'true' && hasGo()),
  hadolint: existsSync(HADOLINT.binary) || process.env['CI'] === 'true',
}

interface Said {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the loader of Docker Compose on a file. Only the given variables are known to it. */
export function composeConfig(
  file: string,
  environment: Readonly<Record<string, string>>,
  profiles: readonly string[] = [],
): Said {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`)
  const input = JSON.stringify({ file, environment: variables, profiles })
  return spawnSync(COMPOSE_GO.binary, [], { input, encoding: 'utf8', env: {} })
}

/** The schema that the loader validates by. */
export function loaderSchema(): string {
  return spawnSync(COMPOSE_GO.binary, ['schema'], { encoding: 'utf8', env: {} }).stdout
}

/** Runs hadolint with every rule; comments in the file that turn a rule off have no effect. */
export function hadolint(dockerfile: string): Said {
  const args = ['--no-color', '--failure-threshold', 'style', '--disable-ignore-pragma', '-']
  return spawnSync(HADOLINT.binary, args, { input: dockerfile, encoding: 'utf8', env: {}, cwd: import.meta.dirname })
}
