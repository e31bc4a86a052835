/** A bug to plant in one file, and the gate that must turn red because of it. */
export interface Lie {
  readonly title: string
  /** Name of a gate in tests/lies/gates.ts. */
  readonly gate: string
  /** The path from the root of the project. */
  readonly file: string
  /** Occurs exactly once in the file. */
  readonly from: string
  readonly to: string
  /** Replaces every occurrence; there must be at least one. */
  readonly everywhere?: true
  readonly suspect?: Suspect | undefined
}

/**
 * What caught the lie last: the test is run first, then its file if the test does not catch it again, and the whole
 * gate only then.
 */
export interface Suspect {
  /** The path from the root of the project. */
  readonly file: string
  readonly test: string
}

/** The text with the lie in it. Throws when the lie does not name exactly one place, or changes nothing. */
export function applyLie(text: string, { file, from, to, everywhere }: Lie): string {
  const count = from === '' ? 0 : text.split(from).length - 1
  if (count === 0) throw new Error(`the text to replace does not occur in ${file}`)
  if (count > 1 && everywhere !== true) throw new Error(`the text to replace occurs ${count} times in ${file}`)
  // A function, because a string could hold patterns such as $&.
  const changed = text.replaceAll(from, () => to)
  if (changed === text) throw new Error(`nothing changes in ${file}`)
  return changed
}
