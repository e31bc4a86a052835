import { startOfChangedMarkdown, startOfMarkdown } from './front-matter.ts'
import { type HeadingName, HeadingPath, type HeadingSought, isNamed } from './heading-path.ts'
import { type Heading, type ScanState, startOfText, type Task } from './outline.ts'
import { absolute, type Chunk, isSame, relative, scanChunks } from './outline-chunks.ts'

/**
 * The headings and tasks of a text, kept up to date while the text is edited: after a change, only the lines that it
 * affects are read again. That keeps many edits of a long note affordable.
 */
export class OutlineIndex {
  /** Where the Markdown begins, and with it the first chunk. */
  #start: number
  #chunks: Chunk[] = []
  #scanned = 0

  constructor(content: string) {
    this.#start = startOfMarkdown(content)
    this.#scan(content)
  }

  /** How many characters have been read so far; characters that are read again count each time. */
  get scanned(): number {
    return this.#scanned
  }

  /** The first tasks with this text, which must be normalized, up to `limit`. */
  findTasks(text: string, limit: number): Task[] {
    const found: Task[] = []
    this.#visit(({ tasks }, start) => {
      for (const task of tasks) {
        if (task.text === text) found.push({ ...task, mark: task.mark + start })
        if (found.length === limit) return false
      }
      return true
    })
    return found
  }

  /** The first headings that are meant, up to `limit`. */
  findHeadings({ name, within }: HeadingSought, limit: number): Heading[] {
    const isMeant = within.length === 0 ? (heading: Heading) => isNamed(heading, name) : isWithin(name, within)
    const found: Heading[] = []
    this.#visit(({ headings }, start) => {
      for (const heading of headings) {
        if (isMeant(heading)) found.push(shifted(heading, start))
        if (found.length === limit) return false
      }
      return true
    })
    return found
  }

  allTasks(): Task[] {
    const all: Task[] = []
    this.#visit(({ tasks }, start) => {
      for (const task of tasks) all.push({ ...task, mark: task.mark + start })
      return true
    })
    return all
  }

  allHeadings(): Heading[] {
    const all: Heading[] = []
    this.#visit(({ headings }, start) => {
      for (const heading of headings) all.push(shifted(heading, start))
      return true
    })
    return all
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
    const before = this.#start
    this.#start = startOfChangedMarkdown(content, { from, end: from + length, growth }, before)
    if (this.#start === before && from >= before) this.#replaceLines(content, from, to, length)
    // A change within the front matter only moves the rest.
    else if (to > before || this.#start !== before + growth) this.#scan(content)
  }

  #scan(content: string): void {
    this.#chunks = scanChunks(content, this.#start, startOfText(), () => false).chunks
    this.#scanned += content.length - this.#start
  }

  #replaceLines(content: string, from: number, to: number, length: number): void {
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
    let start = this.#start
    for (const [index, { length }] of this.#chunks.entries()) {
      if (offset < start + length || index === this.#chunks.length - 1) return { first: index, start }
      start += length
    }
    return { first: 0, start: this.#start }
  }

  #visit(visitor: (chunk: Chunk, start: number) => boolean): void {
    let start = this.#start
    for (const chunk of this.#chunks) {
      if (!visitor(chunk, start)) return
      start += chunk.length
    }
  }
}

/** Tells for each heading of a text, in their order, whether it has this name and is under these headings. */
function isWithin(name: HeadingName, within: readonly HeadingName[]): (heading: Heading) => boolean {
  const path = new HeadingPath()
  return (heading) => {
    path.leaveBefore(heading)
    const isMeant = isNamed(heading, name) && path.leadsThrough(within)
    path.enter(heading)
    return isMeant
  }
}

function shifted(heading: Heading, by: number): Heading {
  return { ...heading, start: heading.start + by, end: heading.end + by }
}
