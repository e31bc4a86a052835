import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { PROJECT } from '../config/readers.ts'
import { failed, type Finding, notPossible, passed, reasonOf } from './check.ts'
import { type Installed, membersOf, readInstalled } from './packages.ts'

const LARGEST = 64 * 1024 * 1024

/** Writes what runs the server as a bill of materials (CycloneDX, JSON), which npm makes from what is installed. */
export async function writeSbom(file: string): Promise<Finding> {
  let document: string
  let count: number
  try {
    const installed = readInstalled()
    const made = ofProduction(JSON.parse(await npmSbom(installed)), installed)
    const named = new Set(made.names)
    const missing = installed.production.map(({ name, version }) => `${name}@${version}`).filter((id) => !named.has(id))
    if (missing.length > 0) {
      const remedy = 'install with npm ci --omit=dev, and try again'
      return failed('sbom', `npm leaves out ${missing.slice(0, 3).join(', ')} (${missing.length} in all)`, remedy)
    }
    document = `${JSON.stringify(made.document, undefined, 2)}\n`
    count = named.size
  } catch (error) {
    const remedy = 'npm 10 or newer is needed, and packages that npm ci has installed'
    return notPossible('sbom', `npm makes no bill of materials (${reasonOf(error).split('\n')[0]})`, remedy)
  }
  try {
    writeFileSync(file, document)
  } catch (error) {
    return failed('sbom', `${file} cannot be written (${reasonOf(error)})`, 'choose another file')
  }
  return passed('sbom', `${file} lists ${count} packages (CycloneDX)`)
}

/**
 * With packages for development installed, `--omit dev` would also leave out those that they share with the server
 * (npm 11), so then everything is listed, and what is for development taken out here.
 */
async function npmSbom({ hasDevelopment }: Installed): Promise<string> {
  const args = ['sbom', '--sbom-format', 'cyclonedx', ...(hasDevelopment ? [] : ['--omit', 'dev'])]
  // As started by npm, this is the npm that did so; its file is for any Node.
  const npm = process.env['npm_execpath']
  const [program, first] = npm === undefined || !/npm-cli\.c?js$/.test(npm) ? ['npm', []] : [process.execPath, [npm]]
  const options = { cwd: PROJECT, maxBuffer: LARGEST, env: { ...process.env, npm_config_offline: 'true' } }
  return (await promisify(execFile)(program, [...first, ...args], options)).stdout
}

/** The document without the packages that do not run the server, and the names of the others. */
function ofProduction(document: unknown, { production }: Installed): { document: object; names: string[] } {
  const ids = new Set(production.map(({ name, version }) => `${name}@${version}`))
  const whole = membersOf(document)
  const components = list(whole['components']).filter((component) => ids.has(idOf(component)))
  const root = membersOf(membersOf(whole['metadata'])['component'])['bom-ref']
  const refs = new Set<unknown>([root, ...components.map((component) => membersOf(component)['bom-ref'])])
  const dependencies = list(whole['dependencies']).flatMap((entry) => {
    const { ref, dependsOn } = membersOf(entry)
    return refs.has(ref) ? [{ ref, dependsOn: list(dependsOn).filter((one) => refs.has(one)) }] : []
  })
  return { document: { ...whole, components, dependencies }, names: components.map(idOf) }
}

function idOf(component: unknown): string {
  const { group, name, version } = membersOf(component)
  return `${typeof group === 'string' ? `${group}/` : ''}${String(name)}@${String(version)}`
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
