import { type Heading, scanLine, type ScanState, type Task } from './outline.ts'

/** A run of whole lines, and what was found in it. All offsets count from its start. */
export interface Chunk {
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

/** Reads lines from `from` until the end of the text or until `isReached`. */
export function scanChunks(
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

export function relative({ items, fence, paragraph }: ScanState, start: number): ScanState {
  // If a paragraph cannot become a heading, it does not matter where it begins.
  const paragraphFromHere = paragraph && {
    isPlain: paragraph.isPlain,
    start: paragraph.isPlain ? paragraph.start - start : 0,
  }
  return { items, fence, paragraph: paragraphFromHere }
}

export function absolute({ items, fence, paragraph }: ScanState, start: number): ScanState {
  return { items, fence, paragraph: paragraph && { isPlain: paragraph.isPlain, start: paragraph.start + start } }
}

export function isSame(one: ScanState, other: ScanState): boolean {
  return (
    one.items === other.items &&
    one.fence?.char === other.fence?.char &&
    one.fence?.length === other.fence?.length &&
    one.fence?.column === other.fence?.column &&
    one.paragraph?.isPlain === other.paragraph?.isPlain &&
    one.paragraph?.start === other.paragraph?.start
  )
}
