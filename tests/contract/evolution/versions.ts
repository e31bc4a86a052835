import type { Impact } from './changes.ts'

export type Version = readonly [major: number, minor: number, patch: number]

export function parseVersion(text: string): Version {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)$/.exec(text) ?? []
  if (patch === undefined) throw new Error(`${text} is no version such as 1.2.3`)
  return [Number(major), Number(minor), Number(patch)]
}

export function compareVersions(a: Version, b: Version): number {
  return a[0] - b[0] || a[1] - b[1] || a[2] - b[2]
}

/** The lowest version that may follow with changes of this impact; the same one when nothing changed. */
export function leastVersion(released: string, impact: Impact | undefined): string {
  const [major, minor, patch] = parseVersion(released)
  switch (impact) {
    case undefined:
      return released
    case 'major':
      return `${major + 1}.0.0`
    case 'minor':
    case 'security':
      return `${major}.${minor + 1}.0`
    default:
      return `${major}.${minor}.${patch + 1}`
  }
}
