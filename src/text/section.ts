import type { Replacement } from './editable-text.ts'
import type { Heading } from './outline.ts'

/** What stands under a heading, as offsets. Blank lines at its edges are layout: they belong to it, but not to its text. */
export interface Section {
  readonly start: number
  readonly textStart: number
  /** Equal to `end` where there is no text, as is `textStart`. */
  readonly textEnd: number
  readonly end: number
}

/** From after the heading to the end of its section. */
export function sectionOf(content: string, heading: Heading, end: number): Section {
  const start = heading.end
  let first = start
  while (first < end && isBlank(content, first)) first += 1
  if (first >= end) return { start, textStart: end, textEnd: end, end }
  let last = end - 1
  while (isBlank(content, last)) last -= 1
  const textStart = content.lastIndexOf('\n', first - 1) + 1
  const lineFeed = content.indexOf('\n', last)
  return { start, textStart, textEnd: lineFeed === -1 || lineFeed >= end ? end : lineFeed + 1, end }
}

export function replaceSection(content: string, section: Section, text: string, ending: string): Replacement {
  if (section.textStart === section.end) return insertAtEnd(content, section, text, ending)
  const from = text === '' || startsWithBreak(text) ? section.start : section.textStart
  return lines(content, from, endsWithBlankLine(text) ? section.end : section.textEnd, text, ending)
}

export function insertAtStart(content: string, section: Section, text: string, ending: string): Replacement {
  if (section.textStart === section.end) return insertAtEnd(content, section, text, ending)
  const at = startsWithBreak(text) ? section.start : section.textStart
  return lines(content, at, at, text, ending)
}

export function insertAtEnd(content: string, section: Section, text: string, ending: string): Replacement {
  if (section.textStart !== section.end) return lines(content, section.textEnd, section.textEnd, text, ending)
  const layout = content.slice(section.start, section.end)
  // Between two headings the blank lines that parted them now part both from the text.
  const isBetween = layout !== '' && section.end < content.length && text !== '' && !endsWithBlankLine(text)
  const added = isBetween ? (text.endsWith('\n') ? text : text + ending) + layout : text
  return lines(content, startsWithBreak(text) ? section.start : section.end, section.end, added, ending)
}

/** Whole lines in the place of whole lines. A text without a final line break gets none by it. */
function lines(content: string, from: number, to: number, text: string, ending: string): Replacement {
  if (text === '') return { from, to, text }
  const head = from === 0 || content[from - 1] === '\n' ? '' : ending
  const tail = text.endsWith('\n') || (to === content.length && !content.endsWith('\n')) ? '' : ending
  return { from, to, text: head + text + tail }
}

/** By the blanks of `trim`, which a regular expression knows as \s; the usual ones are told apart faster. */
function isBlank(content: string, at: number): boolean {
  const unit = content.charCodeAt(at)
  return unit === 32 || (unit >= 9 && unit <= 13) || (unit >= 160 && /\s/.test(content.charAt(at)))
}

function startsWithBreak(text: string): boolean {
  return text.startsWith('\n') || text.startsWith('\r\n')
}

function endsWithBlankLine(text: string): boolean {
  return /\n\r?\n$/.test(text.slice(-3))
}
