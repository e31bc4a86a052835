import { splitLines } from './lines.ts'
import type { Heading } from './outline.ts'

/** What stands under a heading, as offsets. Blank lines at its edges are layout: they belong to it, but not to its text. */
export interface Section {
  readonly start: number
  readonly textStart: number
  /** Equal to `end` where there is no text, as is `textStart`. */
  readonly textEnd: number
  readonly end: number
}

/** From after the heading to the next one of the same or a higher level. */
export function sectionOf(content: string, headings: readonly Heading[], heading: Heading): Section {
  const { start, length } = { start: heading.end, length: content.length }
  const end = headings.find((other) => other.start >= start && other.level <= heading.level)?.start ?? length
  let at = start
  let textStart = end
  let textEnd = end
  for (const line of splitLines(content.slice(start, end))) {
    if (line.trim() !== '') {
      if (textStart === end) textStart = at
      textEnd = at + line.length
    }
    at += line.length
  }
  return { start, textStart, textEnd, end }
}

export function replaceSection(content: string, section: Section, text: string, ending: string): string {
  if (section.textStart === section.end) return insertAtEnd(content, section, text, ending)
  const from = text === '' || startsWithBreak(text) ? section.start : section.textStart
  return splice(content, from, endsWithBlankLine(text) ? section.end : section.textEnd, text, ending)
}

export function insertAtStart(content: string, section: Section, text: string, ending: string): string {
  if (section.textStart === section.end) return insertAtEnd(content, section, text, ending)
  const at = startsWithBreak(text) ? section.start : section.textStart
  return splice(content, at, at, text, ending)
}

export function insertAtEnd(content: string, section: Section, text: string, ending: string): string {
  if (section.textStart !== section.end) return splice(content, section.textEnd, section.textEnd, text, ending)
  const layout = content.slice(section.start, section.end)
  // Between two headings the blank lines that parted them now part both from the text.
  const isBetween = layout !== '' && section.end < content.length && text !== '' && !endsWithBlankLine(text)
  const added = isBetween ? (text.endsWith('\n') ? text : text + ending) + layout : text
  return splice(content, startsWithBreak(text) ? section.start : section.end, section.end, added, ending)
}

/** Puts whole lines in the place of whole lines. A text without a final line break gets none by it. */
function splice(content: string, from: number, to: number, text: string, ending: string): string {
  const [before, after] = [content.slice(0, from), content.slice(to)]
  if (text === '') return before + after
  const head = before === '' || before.endsWith('\n') ? '' : ending
  const tail = text.endsWith('\n') || (after === '' && !content.endsWith('\n')) ? '' : ending
  return before + head + text + tail + after
}

function startsWithBreak(text: string): boolean {
  return text.startsWith('\n') || text.startsWith('\r\n')
}

function endsWithBlankLine(text: string): boolean {
  return /\n\r?\n$/.test(text.slice(-3))
}
