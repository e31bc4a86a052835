const NAME = 'content'

/** An object whose names and texts have so many characters together. */
export function textsOf(characters: number): Record<string, string> {
  return { [NAME]: 'a'.repeat(characters - NAME.length) }
}
