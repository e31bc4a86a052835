import { countEndings, type Endings, type LineEnding, prevailing, withEndings } from './lines.ts'
import type { Task } from './outline.ts'
import { OutlineIndex } from './outline-index.ts'

/** A range of characters, and the text that replaces it. */
export interface Replacement {
  readonly from: number
  /** Exclusive. */
  readonly to: number
  readonly text: string
}

/** A text that is edited step by step. What we know about it is updated with each step instead of computed again. */
export class EditableText {
  #content: string
  #endings: Endings | undefined
  #outline: OutlineIndex | undefined
  #pairs: number | undefined

  constructor(content: string) {
    this.#content = content
  }

  get content(): string {
    return this.#content
  }

  /** Built on first use; kept up to date until `forgetOutline`. */
  get outline(): OutlineIndex {
    this.#outline ??= new OutlineIndex(this.#content)
    return this.#outline
  }

  /** How many characters have been read for the outline so far. */
  get scanned(): number {
    return this.#outline?.scanned ?? 0
  }

  /** Call this when the remaining edits do not need the outline. */
  forgetOutline(): void {
    this.#outline = undefined
  }

  /** The ending that most lines have; \n if there are as many of both. */
  get dominantEnding(): LineEnding {
    this.#endings ??= countEndings(this.#content)
    return prevailing(this.#endings)
  }

  /** A text with the line breaks that most lines have; as it is if there are none. */
  withOwnBreaks(text: string): string {
    if (!text.includes('\n')) return text
    this.#endings ??= countEndings(this.#content)
    return this.#endings.all === 0 ? text : withEndings(text, [prevailing(this.#endings)])
  }

  /** Whether the text has more than `max` characters. Characters are code points, as in the contract. */
  isLongerThan(max: number): boolean {
    if (this.#content.length <= max) return false
    this.#pairs ??= countPairs(this.#content, 0, this.#content.length)
    return this.#content.length - this.#pairs > max
  }

  replace({ from, to, text }: Replacement): void {
    const before = this.#content
    this.#content = before.slice(0, from) + text + before.slice(to)
    const end = from + text.length
    if (this.#endings !== undefined) {
      // Include the character after the range: a \n there may have lost or gained its \r.
      const removed = countEndings(before, from, to + 1)
      const added = countEndings(this.#content, from, end + 1)
      this.#endings = {
        all: this.#endings.all - removed.all + added.all,
        crlf: this.#endings.crlf - removed.crlf + added.crlf,
      }
    }
    if (this.#pairs !== undefined) this.#pairs += countPairs(text, 0, text.length) - countPairs(before, from, to)
    this.#outline?.replace(this.#content, from, to, text.length)
  }

  /** Ticks or clears the box of a task. */
  check({ mark }: Task, isChecked: boolean): void {
    this.#content = this.#content.slice(0, mark) + (isChecked ? 'x' : ' ') + this.#content.slice(mark + 1)
    this.#outline?.check(mark, isChecked)
  }
}

function countPairs(text: string, from: number, to: number): number {
  let pairs = 0
  for (let at = from; at < to; at += 1) {
    const unit = text.charCodeAt(at)
    if (unit >= 0xd8_00 && unit < 0xdc_00) pairs += 1
  }
  return pairs
}
