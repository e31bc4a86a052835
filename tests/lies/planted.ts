import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import type { Lie, Suspect } from './lie.ts'

export interface PlantedLie extends Lie {
  /** The list of the lie: the name of a file in tests/lies/planted. */
  readonly area: string
}

/** Tests by the titles of the lies that they caught last. */
const SUSPECTS = new URL('suspects.json', import.meta.url)

export function readSuspects(): Record<string, Suspect> {
  return JSON.parse(readFileSync(SUSPECTS, 'utf8')) as Record<string, Suspect>
}

export function writeSuspects(suspects: Readonly<Record<string, Suspect>>): void {
  const sorted = Object.fromEntries(Object.entries(suspects).toSorted(([one], [other]) => (one < other ? -1 : 1)))
  writeFileSync(SUSPECTS, `${JSON.stringify(sorted, undefined, 2)}\n`)
}

/** Every lie of every list. */
export async function plantedLies(): Promise<PlantedLie[]> {
  const directory = new URL('planted/', import.meta.url)
  const areas = readdirSync(directory)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -'.ts'.length))
  const suspects = readSuspects()
  const lists = areas.toSorted().map(async (area) => {
    const { lies } = (await import(new URL(`${area}.ts`, directory).href)) as { lies: readonly Lie[] }
    return lies.map((lie) => ({ ...lie, area, suspect: suspects[lie.title] }))
  })
  return (await Promise.all(lists)).flat()
}
