import { type Heading, normalize, parseAtx } from './outline.ts'

/** What a heading is called in an edit: its text in normal form and, if the edit gives its marks, its level. */
export interface HeadingName {
  readonly text: string
  readonly level: number | undefined
}

/** A heading that an edit refers to, and the headings that it is under, outermost first; others may be between. */
export interface HeadingSought {
  readonly name: HeadingName
  readonly within: readonly HeadingName[]
}

export function headingName(wanted: string): HeadingName {
  return parseAtx(wanted.trim()) ?? { text: normalize(wanted), level: undefined }
}

/** A heading with marks, in a form of which `headingName` makes its level and text. */
export function withMarks({ level, text }: Heading): string {
  const marks = '#'.repeat(level)
  const line = `${marks} ${text}`.trim()
  return parseAtx(line)?.text === text ? line : `${line} ${marks}`
}

/** The headings that a place of a text is under, outermost first. */
export class HeadingPath {
  readonly #open: Heading[] = []

  get headings(): readonly Heading[] {
    return this.#open
  }

  /** Leaves the sections that end where this heading begins. */
  leaveBefore({ level }: Heading): void {
    while ((this.#open.at(-1)?.level ?? 0) >= level) this.#open.pop()
  }

  enter(heading: Heading): void {
    this.#open.push(heading)
  }

  leadsThrough(names: readonly HeadingName[]): boolean {
    let seen = 0
    for (const heading of this.#open) {
      const name = names[seen]
      if (name === undefined) break
      if (isNamed(heading, name)) seen += 1
    }
    return seen === names.length
  }
}

export function isNamed(heading: Heading, { text, level }: HeadingName): boolean {
  return heading.text === text && (level === undefined || heading.level === level)
}
