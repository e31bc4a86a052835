import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PROJECT } from '../config/readers.ts'
import { failed, type Finding, notPossible, passed, reasonOf } from './check.ts'

/** A package that runs the server. */
export interface Package {
  readonly name: string
  readonly version: string
  /** As its package.json has it, an SPDX expression; undefined if it says none. */
  readonly licence: string | undefined
  /** The hash of its archive, as npm checked it: `sha512-` and base64. */
  readonly integrity: string | undefined
  readonly isOptional: boolean
  /** Name and version of each package that it uses and that is installed. */
  readonly uses: readonly string[]
}

/** They ask for no more than that their text is kept. Anything else is for people to read. */
const PERMISSIVE = new Set(
  'MIT MIT-0 ISC 0BSD BSD-2-Clause BSD-3-Clause Apache-2.0 BlueOak-1.0.0 PostgreSQL'
    .concat(' PSF-2.0 Python-2.0 Zlib CC0-1.0 Unlicense')
    .split(' '),
)

/**
 * Reads what npm wrote beside the packages that it installed; those for development are left out. Throws if another
 * program installed them.
 */
export function readInstalled(project = PROJECT): readonly Package[] {
  const lock: unknown = JSON.parse(readFileSync(join(project, 'node_modules', '.package-lock.json'), 'utf8'))
  const entries = new Map(
    Object.entries(membersOf(membersOf(lock)['packages'])).flatMap(([path, entry]) =>
      membersOf(entry)['dev'] !== true && existsSync(join(project, path, 'package.json')) ? [[path, entry]] : [],
    ),
  )
  const packages = [...entries].map(([path, entry]) => {
    const { integrity, optional } = membersOf(entry)
    const manifest = readManifest(project, path)
    return {
      ...readPackageId(manifest),
      licence: licenceOf(manifest),
      integrity: typeof integrity === 'string' ? integrity : undefined,
      isOptional: optional === true,
      uses: usedBy(entry).flatMap((name) => {
        const found = whereIs(name, path, (other) => entries.has(other))
        return found === undefined ? [] : [idOf(readPackageId(readManifest(project, found)))]
      }),
    }
  })
  // One that is installed in several places is one package.
  return [...new Map(packages.map((one) => [idOf(one), one])).values()]
}

export function idOf({ name, version }: Pick<Package, 'name' | 'version'>): string {
  return `${name}@${version}`
}

export function readManifest(project: string, path: string): Readonly<Record<string, unknown>> {
  return membersOf(JSON.parse(readFileSync(join(project, path, 'package.json'), 'utf8')))
}

export function readPackageId({ name, version }: Readonly<Record<string, unknown>>): Pick<Package, 'name' | 'version'> {
  return { name: String(name), version: String(version) }
}

function usedBy(entry: unknown): string[] {
  const { dependencies, optionalDependencies, peerDependencies } = membersOf(entry)
  return [
    ...new Set([dependencies, optionalDependencies, peerDependencies].flatMap((all) => Object.keys(membersOf(all)))),
  ]
}

/** As Node looks for it: in the folder of the package that needs it, then in those around that. */
function whereIs(name: string, from: string, isThere: (path: string) => boolean): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder === '.' ? '' : folder, 'node_modules', name)
    if (isThere(path)) return path
    if (folder === '.') return undefined
  }
}

/** Old packages have an object, or a list of objects, with a type. */
function licenceOf({ license, licenses }: Readonly<Record<string, unknown>>): string | undefined {
  const given = [license, ...(Array.isArray(licenses) ? licenses : [licenses])].flatMap((one: unknown) => {
    const text = typeof one === 'string' ? one : membersOf(one)['type']
    return typeof text === 'string' ? [text] : []
  })
  return given.length === 0 ? undefined : given.join(' OR ')
}

export function checkLicences(project = PROJECT): Finding {
  try {
    const packages = readInstalled(project)
    const counts = new Map<string, number>()
    for (const { licence = 'none' } of packages) counts.set(licence, (counts.get(licence) ?? 0) + 1)
    const list = [...counts].toSorted(([, a], [, b]) => b - a).map(([licence, count]) => `${count} ${licence}`)
    const others = packages.filter(({ licence }) => !isPermissive(licence))
    if (others.length === 0) return passed('licences', `${packages.length} packages, permissive: ${list.join(', ')}`)
    const names = others.map((one) => `${idOf(one)} (${one.licence ?? 'no licence'})`)
    return failed('licences', `not known as permissive: ${names.join(', ')}`, 'read them, or remove the packages')
  } catch (error) {
    const text = `the list of installed packages cannot be read (${reasonOf(error)})`
    return notPossible('licences', text, 'install them with npm ci')
  }
}

/** Of licences with OR one is enough, of those with AND all are needed. */
export function isPermissive(licence: string | undefined): boolean {
  if (licence === undefined) return false
  const text = licence.replaceAll(/[()]/g, ' ')
  // With brackets the order matters; what is no simple list is for people to read.
  if (/ OR /.test(text) && / AND /.test(text)) return false
  return / AND /.test(text)
    ? text.split(' AND ').every((one) => PERMISSIVE.has(one.trim()))
    : text.split(' OR ').some((one) => PERMISSIVE.has(one.trim()))
}

export function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {}
}
