import { editDistance } from '../../edit-distance.ts'

const MAX_LENGTH = 40

/** The word that was probably meant: at most a third of its letters are wrong. Undefined if there is none. */
export function nearest(text: string, words: readonly string[]): string | undefined {
  const near = words.flatMap((word) => {
    if (Math.max(text.length, word.length) > MAX_LENGTH) return []
    const steps = editDistance(fold(text), fold(word))
    return steps > fold(text).length / 3 ? [] : [{ word, steps, exactly: editDistance(text, word) }]
  })
  const [best] = near.toSorted((a, b) => a.steps - b.steps || a.exactly - b.exactly)
  return best?.word
}

/** `isPublic`, `IS-PUBLIC` and `is_public` are one word. */
function fold(text: string): string {
  return text.toLowerCase().replaceAll(/[-_ ]/g, '')
}
