import { splitLines, withoutEnding } from './lines.ts'

export interface Heading {
  readonly level: number
  readonly text: string
  /** Offset of its first line. */
  readonly start: number
  /** Offset after its last line, the ending included. */
  readonly end: number
}

export interface Task {
  readonly text: string
  readonly isChecked: boolean
  /** Offset of the sign between the brackets. */
  readonly mark: number
}

export interface Outline {
  readonly headings: readonly Heading[]
  readonly tasks: readonly Task[]
}

interface Found {
  readonly headings: Heading[]
  readonly tasks: Task[]
}

interface State {
  /** Columns at which the content of the open list items begins, innermost last. */
  readonly items: number[]
  fence: { readonly sign: string; readonly length: number; readonly column: number } | undefined
  paragraph: { readonly start: number; readonly isPlain: boolean } | undefined
}

const marker = /(?:[-*+]|\d{1,9}[.)])(?=[ \t]|$)/y
const checkbox = /\[([ xX])\](?=[ \t]|$)/y

/**
 * Headings and tasks of a Markdown text, in one pass (CommonMark 0.31.2 §4.2–4.5, §5.2; GFM §5.3). No headings, no
 * tasks: what stands in code. Headings in list items and quotes, and tasks in quotes, are not looked for.
 */
export function outlineOf(content: string): Outline {
  const outline: Found = { headings: [], tasks: [] }
  const state: State = { items: [], fence: undefined, paragraph: undefined }
  let start = 0
  for (const whole of splitLines(content)) {
    readLine(content, withoutEnding(whole), start, start + whole.length, state, outline)
    start += whole.length
  }
  return outline
}

/** `## Title ##` as level and text; undefined where it is no ATX heading. */
export function parseAtx(line: string): { level: number; text: string } | undefined {
  const level = /^#{1,6}(?=[ \t]|$)/.exec(line)?.[0].length
  if (level === undefined) return undefined
  const text = line.slice(level).trim()
  let end = text.length
  while (text[end - 1] === '#') end -= 1
  const isClosed = end === 0 || text[end - 1] === ' ' || text[end - 1] === '\t'
  return { level, text: normal(isClosed ? text.slice(0, end) : text) }
}

export function normal(text: string): string {
  return text.trim().normalize('NFC')
}

function readLine(content: string, line: string, start: number, end: number, state: State, outline: Found): void {
  const { at, column } = indentOf(line, 0, 0)
  if (at === line.length) {
    state.paragraph = undefined
    return
  }
  if (state.fence !== undefined) {
    const isInside = column >= state.fence.column
    if (!isInside || closes(line.slice(at).trimEnd(), state.fence)) state.fence = undefined
    if (isInside) return
  }
  while (column < (state.items.at(-1) ?? 0)) state.items.pop()
  if (column - (state.items.at(-1) ?? 0) >= 4) return
  const rest = line.slice(at)
  const heading = state.items.length === 0 ? headingAt(content, rest, start, end, state) : undefined
  if (heading !== undefined) outline.headings.push(heading)
  if (heading === undefined && !isRule(rest)) readBlock(line, at, column, start, state, outline)
  else state.paragraph = undefined
}

function headingAt(content: string, rest: string, start: number, end: number, state: State): Heading | undefined {
  const atx = parseAtx(rest)
  if (atx !== undefined) return { ...atx, start, end }
  const level = setextLevel(rest)
  if (level === undefined || state.paragraph?.isPlain !== true) return undefined
  const lines = splitLines(content.slice(state.paragraph.start, start)).map((line) => line.trim())
  return { level, text: normal(lines.join(' ')), start: state.paragraph.start, end }
}

function readBlock(line: string, from: number, fromColumn: number, start: number, state: State, outline: Found): void {
  let [at, column] = [from, fromColumn]
  let isItem = false
  for (let width = widthOfMarker(line, at); width > 0; width = widthOfMarker(line, at)) {
    const after = indentOf(line, at + width, column + width)
    // More than four columns after the marker are code that begins after the first of them (CommonMark §5.2).
    const isCode = after.column - column - width > 4 || after.at === line.length
    isItem = true
    column = isCode ? column + width + 1 : after.column
    state.items.push(column)
    if (isCode) {
      state.paragraph = undefined
      return
    }
    at = after.at
    checkbox.lastIndex = at
    const box = checkbox.exec(line)
    if (box !== null) outline.tasks.push({ text: normal(line.slice(at + 3)), isChecked: box[1] !== ' ', mark: start + at + 1 })
  }
  const inner = line.slice(at)
  state.fence = opens(inner, state.items.at(-1) ?? 0)
  if (state.fence !== undefined) state.paragraph = undefined
  else if (isItem || state.paragraph === undefined) state.paragraph = { start, isPlain: state.items.length === 0 && !inner.startsWith('>') }
}

function widthOfMarker(line: string, at: number): number {
  marker.lastIndex = at
  return marker.exec(line)?.[0].length ?? 0
}

/** Tabs reach to the next multiple of four (CommonMark §2.2). */
function indentOf(line: string, from: number, fromColumn: number): { at: number; column: number } {
  let [at, column] = [from, fromColumn]
  for (; line[at] === ' ' || line[at] === '\t'; at += 1) column = line[at] === ' ' ? column + 1 : column + 4 - (column % 4)
  return { at, column }
}

function setextLevel(rest: string): 1 | 2 | undefined {
  if (/^=+[ \t]*$/.test(rest)) return 1
  return /^-+[ \t]*$/.test(rest) ? 2 : undefined
}

function isRule(rest: string): boolean {
  return /^[-*_]/.test(rest) && /^(?:-{3,}|\*{3,}|_{3,})$/.test(rest.replaceAll(/[ \t]/g, ''))
}

function opens(rest: string, column: number): State['fence'] {
  const run = /^(?:`{3,}|~{3,})/.exec(rest)?.[0]
  if (run === undefined || (run.startsWith('`') && rest.includes('`', run.length))) return undefined
  return { sign: run.charAt(0), length: run.length, column }
}

function closes(rest: string, fence: NonNullable<State['fence']>): boolean {
  return rest.length >= fence.length && rest === fence.sign.repeat(rest.length)
}
