import type { Replacement } from './editable-text.ts'
import type { Heading } from './outline.ts'

/** What is under a heading, as offsets. Blank lines at its edges belong to the section, but not to its text. */
export interface Section {
  readonly start: number
  readonly textStart: number
  /** If there is no text, this and `textStart` are equal to `end`. */
  readonly textEnd: number
  readonly end: number
}

/** The section from after its heading to its end. */
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
  // Between two headings, the blank lines that separated them now separate both from the text.
  const isBetween = layout !== '' && section.end < content.length && text !== '' && !endsWithBlankLine(text)
  const added = isBetween ? (text.endsWith('\n') ? text : text + ending) + layout : text
  return lines(content, startsWithBreak(text) ? section.start : section.end, section.end, added, ending)
}

/** Replaces whole lines with whole lines. If the content has no final line break, it still has none afterwards. */
function lines(content: string, from: number, to: number, text: string, ending: string): Replacement {
  if (text === '') return { from, to, text }
  const head = from === 0 || content[from - 1] === '\n' ? '' : ending
  const tail = text.endsWith('\n') || (to === content.length && !content.endsWith('\n')) ? '' : ending
  return { from, to, text: head + text + tail }
}

/** Whitespace as `trim` defines it, which is also \s; the usual characters are checked first, for speed. */
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
