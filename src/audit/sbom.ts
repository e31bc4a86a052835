import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PROJECT } from '../config/readers.ts'
import { failed, type Finding, notPossible, passed, reasonOf } from './check.ts'
import { idOf, isPermissive, membersOf, type Package, readInstalled, readManifest, readPackageId } from './packages.ts'

/**
 * Writes what runs the server as a bill of materials (CycloneDX 1.5, JSON). Not with `npm sbom --omit dev`: npm 11
 * refuses to make one without the packages for development, and with them leaves out what the server shares with them.
 */
export function writeSbom(file: string, project = PROJECT): Finding {
  let packages: readonly Package[]
  try {
    packages = readInstalled(project)
  } catch (error) {
    const text = `the list of installed packages cannot be read (${reasonOf(error)})`
    return notPossible('sbom', text, 'install them with npm ci')
  }
  try {
    const manifest = readManifest(project, '.')
    const { dependencies, optionalDependencies } = manifest
    const direct = [dependencies, optionalDependencies].flatMap((all) => Object.keys(membersOf(all)))
    const paths = direct.map((name) => join('node_modules', name)).filter((path) => existsSync(join(project, path)))
    const uses = paths.map((path) => idOf(readPackageId(readManifest(project, path))))
    writeFileSync(file, `${JSON.stringify(billOf(manifest, uses, packages), undefined, 2)}\n`)
    return passed('sbom', `${file} lists ${packages.length} packages (CycloneDX)`)
  } catch (error) {
    return failed('sbom', `${file} cannot be written (${reasonOf(error)})`, 'choose another file')
  }
}

function billOf(
  manifest: Readonly<Record<string, unknown>>,
  uses: readonly string[],
  packages: readonly Package[],
): object {
  const own = readPackageId(manifest)
  const licenses = licencesOf(String(manifest['license']))
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.5.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.5',
    version: 1,
    metadata: {
      timestamp: new Date().toISOString(),
      component: { 'bom-ref': idOf(own), type: 'application', ...own, licenses },
    },
    components: packages.map(componentOf),
    dependencies: [
      { ref: idOf(own), dependsOn: uses },
      ...packages.map((one) => ({ ref: idOf(one), dependsOn: one.uses })),
    ],
  }
}

function componentOf(one: Package): object {
  const { name, version, licence, integrity, isOptional } = one
  const [, algorithm, hash] = /^(sha\d+)-(\S+)/.exec(integrity ?? '') ?? []
  return {
    'bom-ref': idOf(one),
    type: 'library',
    name,
    version,
    scope: isOptional ? 'optional' : 'required',
    purl: `pkg:npm/${name.replace('@', '%40')}@${encodeURIComponent(version)}`,
    ...(hash !== undefined && {
      hashes: [{ alg: `SHA-${algorithm?.slice(3)}`, content: Buffer.from(hash, 'base64').toString('hex') }],
    }),
    ...(licence !== undefined && { licenses: licencesOf(licence) }),
  }
}

/** An id of SPDX, several of them, or only a text. */
function licencesOf(licence: string): object[] {
  if (/ (OR|AND|WITH) /.test(licence)) return [{ expression: licence }]
  return [{ license: isPermissive(licence) ? { id: licence } : { name: licence } }]
}
