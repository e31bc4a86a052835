import { type Heading, scanLine, type ScanState, startOfText, type Task } from './outline.ts'

/** A run of whole lines, and what was found in it. All offsets count from its start. */
interface Chunk {
  readonly length: number
  readonly before: ScanState
  readonly headings: readonly Heading[]
  readonly tasks: Task[]
}

/**
 * A chunk ends with the line that reaches either limit: small chunks are read again quickly, few are skipped quickly.
 */
const CHUNK_LINES = 64
const CHUNK_LENGTH = 8_192

/**
 * The headings and tasks of a text, kept up to date while the text is edited: after a change, only the lines that it
 * affects are read again. That keeps many edits of a long note affordable.
 */
export class OutlineIndex {
  #chunks: Chunk[]
  #scanned: number

  constructor(content: string) {
    this.#chunks = scanChunks(content, 0, startOfText(), () => false).chunks
    this.#scanned = content.length
  }

  /** How many characters have been read so far; characters that are read again count each time. */
  get scanned(): number {
    return this.#scanned
  }

  /** The first two tasks with this text, which must be normalized. */
  findTasks(text: string): Task[] {
    const found: Task[] = []
    this.#visit(({ tasks }, start) => {
      for (const task of tasks) {
        if (task.text === text) found.push({ ...task, mark: task.mark + start })
        if (found.length === 2) return false
      }
      return true
    })
    return found
  }

  /** The first two headings with this text, which must be normalized, and with this level if one is given. */
  findHeadings(text: string, level: number | undefined): Heading[] {
    const found: Heading[] = []
    this.#visit(({ headings }, start) => {
      for (const heading of headings) {
        if (heading.text === text && (level === undefined || heading.level === level))
          found.push(shifted(heading, start))
        if (found.length === 2) return false
      }
      return true
    })
    return found
  }

  /**
   * Where a heading's section ends: at the next heading of the same or a higher level. undefined: at the end of the
   * text.
   */
  endOfSection(heading: Heading): number | undefined {
    let end: number | undefined
    this.#visit(({ headings, length }, start) => {
      if (start + length <= heading.start) return true
      const next = headings.find((other) => other.start + start >= heading.end && other.level <= heading.level)
      if (next !== undefined) end = next.start + start
      return end === undefined
    })
    return end
  }

  /** Records that the character between the brackets of a task changed, which affects nothing else. */
  check(mark: number, isChecked: boolean): void {
    this.#visit(({ tasks, length }, start) => {
      if (start + length <= mark) return true
      const index = tasks.findIndex((task) => task.mark + start === mark)
      const task = tasks[index]
      if (task !== undefined) tasks[index] = { ...task, isChecked }
      return false
    })
  }

  /** Records that `length` characters replaced those from `from` to `to`; the text is now `content`. */
  replace(content: string, from: number, to: number, length: number): void {
    const growth = length - (to - from)
    const { first, start } = this.#chunkAt(from)
    // The remaining chunks are still valid as soon as a line begins where one of them does, in the same state.
    let next = first
    let nextStart = start
    const skipTo = (offset: number): void => {
      for (; next < this.#chunks.length && nextStart < offset; next += 1) nextStart += this.#chunks[next]?.length ?? 0
    }
    const isReached = (at: number, state: ScanState): boolean => {
      skipTo(Math.max(to, at - growth))
      const chunk = this.#chunks[next]
      if (chunk === undefined || nextStart + growth !== at) return false
      // The paragraph may yet become a heading, whose text is the whole paragraph.
      const isInParagraph = state.paragraph?.isPlain === true && state.paragraph.start < from + length
      return !isInParagraph && isSame(relative(state, at), chunk.before)
    }
    const before = this.#chunks[first]?.before ?? startOfText()
    const { chunks, isWhole } = scanChunks(content, start, absolute(before, start), isReached)
    for (const chunk of chunks) this.#scanned += chunk.length
    this.#chunks = [...this.#chunks.slice(0, first), ...chunks, ...(isWhole ? [] : this.#chunks.slice(next))]
  }

  /** The chunk that contains an offset, and where it begins; the end of the text belongs to the last chunk. */
  #chunkAt(offset: number): { first: number; start: number } {
    let start = 0
    for (const [index, { length }] of this.#chunks.entries()) {
      if (offset < start + length || index === this.#chunks.length - 1) return { first: index, start }
      start += length
    }
    return { first: 0, start: 0 }
  }

  #visit(visitor: (chunk: Chunk, start: number) => boolean): void {
    let start = 0
    for (const chunk of this.#chunks) {
      if (!visitor(chunk, start)) return
      start += chunk.length
    }
  }
}

/** Reads lines from `from` until the end of the text or until `isReached`. */
function scanChunks(
  content: string,
  from: number,
  state: ScanState,
  isReached: (at: number, state: ScanState) => boolean,
): { chunks: Chunk[]; isWhole: boolean } {
  const chunks: Chunk[] = []
  let at = from
  while (at < content.length && !isReached(at, state)) {
    const found = { origin: at, headings: [], tasks: [] }
    const before = relative(state, at)
    const isFull = (lines: number): boolean => lines === CHUNK_LINES || at - found.origin >= CHUNK_LENGTH
    for (let lines = 0; at < content.length && !isFull(lines); lines += 1) {
      if (lines > 0 && isReached(at, state)) break
      at = scanLine(content, at, state, found)
    }
    chunks.push({ length: at - found.origin, before, headings: found.headings, tasks: found.tasks })
  }
  return { chunks, isWhole: at >= content.length }
}

function relative({ items, fence, paragraph }: ScanState, start: number): ScanState {
  // If a paragraph cannot become a heading, it does not matter where it begins.
  const paragraphFromHere = paragraph && {
    isPlain: paragraph.isPlain,
    start: paragraph.isPlain ? paragraph.start - start : 0,
  }
  return { items, fence, paragraph: paragraphFromHere }
}

function absolute({ items, fence, paragraph }: ScanState, start: number): ScanState {
  return { items, fence, paragraph: paragraph && { isPlain: paragraph.isPlain, start: paragraph.start + start } }
}

function isSame(one: ScanState, other: ScanState): boolean {
  return (
    one.items === other.items &&
    one.fence?.char === other.fence?.char &&
    one.fence?.length === other.fence?.length &&
    one.fence?.column === other.fence?.column &&
    one.paragraph?.isPlain === other.paragraph?.isPlain &&
    one.paragraph?.start === other.paragraph?.start
  )
}

function shifted(heading: Heading, by: number): Heading {
  return { ...heading, start: heading.start + by, end: heading.end + by }
}
