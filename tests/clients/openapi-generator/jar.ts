import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Context, Need } from '../generator.ts'

export const VERSION = '7.25.0'
const SHA256 = '41ce4f6b07f196676439d710759fa1ced7a08066d06ff1bf314681470289efae'

export const JAVA: readonly Need[] = [
  { name: 'Java', command: 'java', atLeast: '17.0' },
  { name: 'Maven', command: 'mvn', atLeast: '3.6' },
]

/** Maven with a repository of its own, so that nothing is taken from elsewhere on the machine or left there. */
export function maven({ run, cache }: Context, ...args: readonly string[]): Promise<string> {
  const repository = join(kept(cache), 'm2')
  return run('mvn', ['--batch-mode', '--quiet', '--strict-checksums', `-Dmaven.repo.local=${repository}`, ...args])
}

/** The plugin that copies what Maven fetched, at a version of our choice. */
export const dependencies = (goal: string): string => `org.apache.maven.plugins:maven-dependency-plugin:3.8.1:${goal}`

/** The generator: one jar for all its languages. */
export async function fetchJar(context: Context): Promise<void> {
  const path = jar(context)
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true })
    const artifact = `org.openapitools:openapi-generator-cli:${VERSION}`
    await maven(context, dependencies('copy'), `-Dartifact=${artifact}`, `-DoutputDirectory=${dirname(path)}`)
  }
  const found = createHash('sha256').update(readFileSync(path)).digest('hex')
  if (found !== SHA256) throw new Error(`${path} is not the jar that was tried: its SHA-256 is ${found}`)
}

/** Generates from the config.yaml of the generator's directory. */
export async function generate(context: Context, output: string): Promise<void> {
  const { run, contract, source } = context
  await run('java', ['-jar', jar(context), 'generate', '-c', join(source, 'config.yaml'), '-i', contract, '-o', output])
}

const jar = ({ cache }: Context): string => join(kept(cache), `openapi-generator-cli-${VERSION}.jar`)

/** Beside the caches of the languages, because several share the jar. */
const kept = (cache: string): string => join(dirname(cache), 'openapi-generator')
