const MAX_LENGTH = 40

/** The one of these words that is most like a text, if any is: a slip of the pen away, or only spelt differently. */
export function nearest(text: string, words: readonly string[]): string | undefined {
  const near = words.flatMap((word) => {
    if (Math.max(text.length, word.length) > MAX_LENGTH) return []
    const steps = distance(fold(text), fold(word))
    return steps > fold(text).length / 3 ? [] : [{ word, steps, exactly: distance(text, word) }]
  })
  const [best] = near.toSorted((a, b) => a.steps - b.steps || a.exactly - b.exactly)
  return best?.word
}

/** `isPublic`, `IS-PUBLIC` and `is_public` are one word. */
function fold(text: string): string {
  return text.toLowerCase().replaceAll(/[-_ ]/g, '')
}

/** How many characters to add, remove, replace or swap with their neighbour (optimal string alignment). */
function distance(from: string, to: string): number {
  let [before, row]: number[][] = [[], Array.from({ length: to.length + 1 }, (_, index) => index)]
  for (let line = 1; line <= from.length; line += 1) {
    const next = [line]
    for (let column = 1; column <= to.length; column += 1) {
      const isSame = from[line - 1] === to[column - 1]
      const isSwapped = from[line - 1] === to[column - 2] && from[line - 2] === to[column - 1]
      next.push(
        Math.min(
          at(row, column - 1) + (isSame ? 0 : 1),
          at(row, column) + 1,
          at(next, column - 1) + 1,
          isSwapped ? at(before, column - 2) + 1 : Infinity,
        ),
      )
    }
    ;[before, row] = [row, next]
  }
  return at(row, to.length)
}

function at(row: readonly number[] | undefined, column: number): number {
  return row?.[column] ?? Infinity
}
