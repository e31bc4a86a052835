import { composed } from './composed.ts'
import { type ListItems, noItems, withItem } from './list-items.ts'
import {
  closesFence,
  code,
  type Fence,
  indentOf,
  isBlank,
  isThematicBreak,
  isUnderline,
  type Line,
  lineAt,
  openingFence,
  widthOfMarker,
} from './markdown-line.ts'

interface Paragraph {
  readonly start: number
  /** It may become a setext heading: it is in no list and no quote. */
  readonly isPlain: boolean
}

/** What the lines so far mean for the next one. Scanning changes it. */
export interface ScanState {
  items: ListItems
  fence: Fence | undefined
  paragraph: Paragraph | undefined
}

export interface Heading {
  readonly level: number
  readonly text: string
  /** Offset of its first line. */
  readonly start: number
  /** Offset after its last line, including the line ending. */
  readonly end: number
}

export interface Task {
  readonly text: string
  readonly isChecked: boolean
  /** Offset of the character between the brackets. */
  readonly mark: number
}

/** Receives what a scan finds; its offsets count from `origin`. */
export interface Found {
  readonly origin: number
  readonly headings: Heading[]
  readonly tasks: Task[]
}

const [HASH, EQUALS, DASH] = [code('#'), code('='), code('-')]
const [GREATER, OPENING, CLOSING] = [code('>'), code('['), code(']')]

/** The state before the first line of a text. */
export function startOfText(): ScanState {
  return { items: noItems(), fence: undefined, paragraph: undefined }
}

/**
 * Reads the line that begins at `start`, adds its heading or tasks to `found`, and returns the offset after it. Follows
 * CommonMark 0.31.2 §4.1–4.5 and §5.2, and GFM §5.3, but does not recognise HTML blocks. Skips code, headings in
 * list items and quotes, and tasks in quotes. Works on character codes, because a note may have a million lines.
 */
export function scanLine(content: string, start: number, state: ScanState, found: Found): number {
  const line = lineAt(content, start)
  const { end } = line
  const { at, column } = indentOf(line, start, 0)
  if (at === line.last) {
    state.paragraph = undefined
    return end
  }
  if (state.fence !== undefined) {
    const isInside = column >= state.fence.column
    if (!isInside || closesFence(line, at, state.fence)) state.fence = undefined
    if (isInside) return end
  }
  while (column < state.items.column) state.items = state.items.parent ?? state.items
  // Four more columns mean indented code or a continued paragraph.
  if (column - state.items.column >= 4) return end
  const heading = state.items.parent === undefined ? headingAt(line, at, state.paragraph, found.origin) : undefined
  if (heading !== undefined) found.headings.push(heading)
  if (heading !== undefined || isThematicBreak(line, at)) state.paragraph = undefined
  else readBlock(line, at, column, state, found)
  return end
}

/** The level and text of `## Title ##`; undefined if the line is not an ATX heading. */
export function parseAtx(line: string): { level: number; text: string } | undefined {
  let level = 0
  while (line.charCodeAt(level) === HASH) level += 1
  if (level < 1 || level > 6 || (level < line.length && !isBlank(line.charCodeAt(level)))) return undefined
  const text = line.slice(level).trim()
  let end = text.length
  while (text[end - 1] === '#') end -= 1
  const isClosed = end === 0 || text[end - 1] === ' ' || text[end - 1] === '\t'
  return { level, text: normalize(isClosed ? text.slice(0, end) : text) }
}

/** The form in which headings and tasks are compared. */
export function normalize(text: string): string {
  return composed(text.trim())
}

function headingAt(line: Line, at: number, paragraph: Paragraph | undefined, origin: number): Heading | undefined {
  const { content, start, last, end } = line
  const char = content.charCodeAt(at)
  if (char === HASH) {
    const atx = parseAtx(content.slice(at, last))
    return atx === undefined ? undefined : { ...atx, start: start - origin, end: end - origin }
  }
  if (paragraph?.isPlain !== true || (char !== EQUALS && char !== DASH) || !isUnderline(line, at, char))
    return undefined
  const lines = content.slice(paragraph.start, start).split('\n')
  const text = normalize(lines.map((part) => part.trim()).join(' '))
  return { level: char === EQUALS ? 1 : 2, text, start: paragraph.start - origin, end: end - origin }
}

function readBlock(line: Line, from: number, fromColumn: number, state: ScanState, found: Found): void {
  let [at, column] = [from, fromColumn]
  let isItem = false
  for (let width = widthOfMarker(line, at); width > 0; width = widthOfMarker(line, at)) {
    const after = indentOf(line, at + width, column + width)
    // More than four columns after the marker mean code, which begins after the first of them (CommonMark §5.2).
    const isCode = after.column - column - width > 4 || after.at === line.last
    isItem = true
    column = isCode ? column + width + 1 : after.column
    state.items = withItem(state.items, column)
    if (isCode) {
      state.paragraph = undefined
      return
    }
    at = after.at
    const task = taskAt(line, at, found.origin)
    if (task !== undefined) found.tasks.push(task)
  }
  state.fence = openingFence(line, at, state.items.column)
  if (state.fence !== undefined) state.paragraph = undefined
  else if (isItem || state.paragraph === undefined) {
    const isPlain = state.items.parent === undefined && line.content.charCodeAt(at) !== GREATER
    state.paragraph = { start: line.start, isPlain }
  }
}

function taskAt({ content, last }: Line, at: number, origin: number): Task | undefined {
  if (content.charCodeAt(at) !== OPENING || at + 3 > last || content.charCodeAt(at + 2) !== CLOSING) return undefined
  const mark = content.charAt(at + 1)
  if (mark !== ' ' && mark !== 'x' && mark !== 'X') return undefined
  if (at + 3 < last && !isBlank(content.charCodeAt(at + 3))) return undefined
  return { text: normalize(content.slice(at + 3, last)), isChecked: mark !== ' ', mark: at + 1 - origin }
}
