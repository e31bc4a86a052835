import { countEndings, type Endings, type LineEnding, prevailing } from './lines.ts'
import type { Task } from './outline.ts'
import { OutlineIndex } from './outline-index.ts'

/** Whole lines or parts of them, and what comes in their place. */
export interface Replacement {
  readonly from: number
  /** Exclusive. */
  readonly to: number
  readonly text: string
}

/** A text that is edited step by step. What is known about it is brought up to date with each step, not found anew. */
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

  /** Made when it is first asked for; kept up to date until `forgetOutline`. */
  get outline(): OutlineIndex {
    this.#outline ??= new OutlineIndex(this.#content)
    return this.#outline
  }

  /** How many characters were read for the outline so far. */
  get scanned(): number {
    return this.#outline?.scanned ?? 0
  }

  /** To be called when the edits that are left do not need it. */
  forgetOutline(): void {
    this.#outline = undefined
  }

  /** The ending most lines have; \n where neither prevails. */
  get dominantEnding(): LineEnding {
    this.#endings ??= countEndings(this.#content)
    return prevailing(this.#endings)
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
      // The character after it too: a \n there may have lost or got its \r.
      const gone = countEndings(before, from, to + 1)
      const come = countEndings(this.#content, from, end + 1)
      this.#endings = { all: this.#endings.all - gone.all + come.all, crlf: this.#endings.crlf - gone.crlf + come.crlf }
    }
    if (this.#pairs !== undefined) this.#pairs += countPairs(text, 0, text.length) - countPairs(before, from, to)
    this.#outline?.replace(this.#content, from, to, text.length)
  }

  /** Ticks a task, or takes its tick away. */
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
