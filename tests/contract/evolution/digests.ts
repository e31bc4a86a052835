import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { RELEASED } from './released.ts'

/** The SHA-256 of each released file by its name. A release is never edited: clients have it. */
const FILE = 'digests.json'
/** Files that grow with each release, and are reviewed when they do. */
const LIVING: ReadonlySet<string> = new Set([FILE, 'breaking-changes.yaml', 'broken-stories.yaml'])

/** Released files that were edited, that have no digest, or that are gone. */
export function digestViolations(folder: URL = RELEASED): string[] {
  const known = readDigests(folder)
  const found = readdirSync(folder).filter((name) => !LIVING.has(name))
  const versions = [
    ...new Set([...found, ...Object.keys(known)].map((name) => name.replace(/(\.requests\.json|\.yaml)$/, ''))),
  ]
  const wanted = versions.flatMap((version) => [`${version}.yaml`, `${version}.requests.json`])
  return [...new Set([...wanted, ...found])].toSorted().flatMap((name): readonly string[] => {
    if (!found.includes(name)) return [`${name} is missing among the released files.`]
    const digest = known[name]
    if (digest === undefined) return [`${name} has no digest in ${FILE}: npm run release:contract writes it.`]
    return digest === digestOf(name, folder) ? [] : [`${name} was changed after it was released: take the change back.`]
  })
}

/** Pins files that were just released. Existing digests stay unchanged. */
export function pinDigests(names: readonly string[], folder: URL = RELEASED): void {
  const known = readDigests(folder)
  const added = names
    .filter((name) => known[name] === undefined)
    .map((name): [string, string] => [name, digestOf(name, folder)])
  const entries = [...Object.entries(known), ...added].toSorted(([a], [b]) => (a < b ? -1 : 1))
  writeFileSync(new URL(FILE, folder), `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`)
}

function readDigests(folder: URL): Readonly<Record<string, string>> {
  const file = new URL(FILE, folder)
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, string>) : {}
}

function digestOf(name: string, folder: URL): string {
  return createHash('sha256')
    .update(readFileSync(new URL(name, folder)))
    .digest('hex')
}
