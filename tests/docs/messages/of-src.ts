import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..', '..', '..')

/** The sources of the server and its commands, by path; what only runs in development is left out. */
export function readSources(): Readonly<Record<string, string>> {
  const files = globSync('src/**/*.ts', { cwd: ROOT }).filter((file) => !file.startsWith('src/generate/'))
  return Object.fromEntries(files.toSorted().map((file) => [file, readFileSync(join(ROOT, file), 'utf8')]))
}
