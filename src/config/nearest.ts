/** The known name that somebody probably meant, or undefined if none is close. Upper and lower case are the same. */
export function nearestName<N extends string>(given: string, known: readonly N[]): N | undefined {
  const text = given.toUpperCase()
  const ranked = known
    .map((name) => ({ name, distance: distanceOf(text, name.toUpperCase()) }))
    .toSorted((a, b) => a.distance - b.distance)
  const [best] = ranked
  return best !== undefined && best.distance <= (best.name.length < 8 ? 1 : 2) ? best.name : undefined
}

/** How many letters to insert, remove, replace or swap with their neighbour to get from one text to the other. */
function distanceOf(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, index) => index)]
  const cell = (row: number, column: number): number => rows[row]?.[column] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i]
    rows.push(row)
    for (let j = 1; j <= to.length; j += 1) {
      const isSwap = from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      row[j] = Math.min(
        cell(i - 1, j) + 1,
        cell(i, j - 1) + 1,
        cell(i - 1, j - 1) + (from[i - 1] === to[j - 1] ? 0 : 1),
        isSwap ? cell(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
  }
  return cell(from.length, to.length)
}
