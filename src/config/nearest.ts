import { editDistance } from '../edit-distance.ts'

/**
 * The known name that was probably meant, or undefined if none is close. Upper and lower case are the same. It is
 * stricter than that of requests, because an environment is full of names that are not ours.
 */
export function nearestName<N extends string>(given: string, known: readonly N[]): N | undefined {
  const text = given.toUpperCase()
  const ranked = known
    .map((name) => ({ name, distance: editDistance(text, name.toUpperCase()) }))
    .toSorted((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best !== undefined && best.distance <= (best.name.length < 8 ? 1 : 2) ? best.name : undefined
}
