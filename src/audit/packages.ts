import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROJECT } from '../config/readers.ts'
import { failed, type Finding, notPossible, passed, reasonOf } from './check.ts'

export interface Package {
  readonly name: string
  readonly version: string
  /** As its package.json has it, an SPDX expression; undefined if it says none. */
  readonly licence: string | undefined
}

export interface Installed {
  /** What runs the server. */
  readonly production: readonly Package[]
  /** Packages for development are there too. */
  readonly hasDevelopment: boolean
}

/** They ask for no more than that their text is kept. Anything else is for people to read. */
const PERMISSIVE = new Set(
  ['0BSD', 'Apache-2.0', 'BlueOak-1.0.0', 'BSD-2-Clause', 'BSD-3-Clause', 'CC0-1.0', 'ISC', 'MIT', 'MIT-0'].concat([
    'PostgreSQL',
    'PSF-2.0',
    'Python-2.0',
    'Unlicense',
    'Zlib',
  ]),
)

/** Reads what npm wrote beside the packages that it installed. Throws if another program installed them. */
export function readInstalled(project = PROJECT): Installed {
  const lock: unknown = JSON.parse(readFileSync(join(project, 'node_modules', '.package-lock.json'), 'utf8'))
  const entries = Object.entries(membersOf(membersOf(lock)['packages'])).map(([path, entry]) => ({
    path,
    isDev: membersOf(entry)['dev'] === true,
  }))
  const paths = entries.filter(({ path, isDev }) => !isDev && existsSync(join(project, path, 'package.json')))
  return {
    production: paths.map(({ path }) => readPackage(join(project, path, 'package.json'))),
    hasDevelopment: entries.some(({ isDev }) => isDev),
  }
}

function readPackage(file: string): Package {
  const { name, version, license, licenses } = membersOf(JSON.parse(readFileSync(file, 'utf8')))
  // Old packages have an object, or a list of objects, with a type.
  const given = [license, ...(Array.isArray(licenses) ? licenses : [licenses])].flatMap((one: unknown) => {
    const text = typeof one === 'string' ? one : membersOf(one)['type']
    return typeof text === 'string' ? [text] : []
  })
  return { name: String(name), version: String(version), licence: given.length === 0 ? undefined : given.join(' OR ') }
}

export function checkLicences(project = PROJECT): Finding {
  try {
    const { production } = readInstalled(project)
    const counts = new Map<string, number>()
    for (const { licence = 'none' } of production) counts.set(licence, (counts.get(licence) ?? 0) + 1)
    const list = [...counts].toSorted(([, a], [, b]) => b - a).map(([licence, count]) => `${count} ${licence}`)
    const others = production.filter(({ licence }) => !isPermissive(licence))
    if (others.length === 0) return passed('licences', `${production.length} packages, permissive: ${list.join(', ')}`)
    const names = others.map(({ name, version, licence = 'no licence' }) => `${name}@${version} (${licence})`)
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
