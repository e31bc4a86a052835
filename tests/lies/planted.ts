import { readdirSync } from 'node:fs'
import type { Lie } from './lie.ts'

export interface PlantedLie extends Lie {
  /** The list of the lie: the name of a file in tests/lies/planted. */
  readonly area: string
}

/** Every lie of every list. */
export async function plantedLies(): Promise<PlantedLie[]> {
  const directory = new URL('planted/', import.meta.url)
  const areas = readdirSync(directory)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -'.ts'.length))
  const lists = areas.toSorted().map(async (area) => {
    const { lies } = (await import(new URL(`${area}.ts`, directory).href)) as { lies: readonly Lie[] }
    return lies.map((lie) => ({ ...lie, area }))
  })
  return (await Promise.all(lists)).flat()
}
