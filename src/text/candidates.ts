import { composed } from './composed.ts'
import type { EditableText } from './editable-text.ts'
import { HeadingPath, type HeadingSought, withMarks } from './heading-path.ts'
import { countEndings } from './lines.ts'
import { Distance, Nearest } from './nearest.ts'
import type { Heading, Task } from './outline.ts'
import { isEdge, search } from './search.ts'

/** A heading, task or text that the note has, for an edit that did not name one. */
export interface Candidate {
  readonly text: string
  /** Its line in the note as the edits before made it, counted from 1. */
  readonly line: number
  /** Which of those that match it is, counted from 1. */
  readonly occurrence?: number
  /** The headings that a heading is under, outermost first. */
  readonly within?: readonly string[]
}

/** A candidate before it is shown: where it is, and all of its text. */
interface Found {
  readonly text: string
  readonly at: number
  readonly occurrence?: number
  readonly within?: readonly string[]
}

const MAX_CANDIDATES = 20
/** Characters of a text that are shown. */
const MAX_SHOWN = 100
/** Bytes of JSON, so that the whole problem stays below 8 KiB. */
const MAX_BYTES = 6_000

/** The headings that match if there are any, otherwise those whose texts are nearest. */
export function headingCandidates({ content, outline }: EditableText, sought: HeadingSought): Candidate[] {
  const all = outline.allHeadings()
  const matching = outline.findHeadings(sought, MAX_CANDIDATES)
  if (matching.length > 0) return shown(content, numbered(withPaths(all, matching)))
  const nearest = new Nearest<Heading>(MAX_CANDIDATES, (heading) =>
    sought.within.length > 0 ? String(heading.start) : withMarks(heading),
  )
  const distance = new Distance(folded(sought.name.text))
  for (const heading of all) nearest.offer(distance.to(folded(heading.text)), heading)
  return shown(content, withPaths(all, nearest.items))
}

/** The tasks that match if there are any, otherwise those whose texts are nearest. */
export function taskCandidates({ content, outline }: EditableText, text: string): Candidate[] {
  const matching = outline.findTasks(text, MAX_CANDIDATES)
  if (matching.length > 0) return shown(content, numbered(matching.map(foundTask)))
  const nearest = new Nearest<Task>(MAX_CANDIDATES, (task) => task.text)
  const distance = new Distance(folded(text))
  for (const task of outline.allTasks()) if (task.text !== '') nearest.offer(distance.to(folded(task.text)), task)
  return shown(content, nearest.items.map(foundTask))
}

/** Parts of the lines in which the text is found if it is, otherwise of those that have the most similar text. */
export function textCandidates({ content }: EditableText, find: string): Candidate[] {
  const matching: Found[] = []
  search(content, find, (locate) => {
    const { from } = locate()
    matching.push({ text: partOfLine(content, from, MAX_SHOWN / 5), at: from })
    return matching.length < MAX_CANDIDATES
  })
  if (matching.length > 0) return shown(content, numbered(matching))
  const nearest = new Nearest<Found>(MAX_CANDIDATES, ({ text }) => text)
  const line = find.split('\n').find((part) => part.trim() !== '') ?? find
  const distance = new Distance(composed(line.trim().slice(0, MAX_SHOWN)))
  for (let start = 0; start < content.length; start = endOfLine(content, start) + 1) {
    const { distance: far, end } = distance.within(content, start, endOfLine(content, start))
    if (!nearest.hasRoomAt(far)) continue
    const text = partOfLine(content, Math.max(start, end), (MAX_SHOWN * 4) / 5)
    if (text.trim() !== '') nearest.offer(far, { text, at: start })
  }
  return shown(content, nearest.items)
}

function foundTask({ text, mark }: Task): Found {
  return { text, at: mark }
}

function folded(text: string): string {
  return text.slice(0, MAX_SHOWN).toLowerCase()
}

function numbered(matching: readonly Found[]): Found[] {
  return matching.map((found, index) => ({ ...found, occurrence: index + 1 }))
}

/** Some headings of a text, with the headings that each is under. */
function withPaths(all: readonly Heading[], some: readonly Heading[]): Found[] {
  const paths = new Map<number, readonly string[]>(some.map(({ start }) => [start, []]))
  const path = new HeadingPath()
  for (const heading of all) {
    path.leaveBefore(heading)
    if (paths.has(heading.start)) paths.set(heading.start, path.headings.map(withMarks))
    path.enter(heading)
  }
  return some.map((heading) => {
    const within = paths.get(heading.start) ?? []
    return { text: withMarks(heading), at: heading.start, ...(within.length === 0 ? {} : { within }) }
  })
}

function endOfLine(content: string, from: number): number {
  const lineFeed = content.indexOf('\n', from)
  return lineFeed === -1 ? content.length : lineFeed
}

/** Up to MAX_SHOWN characters of a line, word for word: from its beginning, or from `lead` characters before `at`. */
function partOfLine(content: string, at: number, lead: number): string {
  const end = endOfLine(content, at)
  let from = Math.max(content.lastIndexOf('\n', at - 1) + 1, at - lead)
  let to = Math.min(end, from + MAX_SHOWN)
  while (from < to && from > 0 && !isEdge(content, from)) from += 1
  while (from < to && to < end && !isEdge(content, to)) to -= 1
  return content.slice(from, to).replace(/\r$/, '')
}

function shown(content: string, all: readonly Found[]): Candidate[] {
  const lines = linesOf(content, all)
  const candidates: Candidate[] = []
  let bytes = 0
  for (const { at, text, within, ...rest } of all) {
    const path = within === undefined ? {} : { within: within.map(cut) }
    const candidate = { text: cut(text), line: lines.get(at) ?? 1, ...rest, ...path }
    bytes += Buffer.byteLength(JSON.stringify(candidate))
    if (bytes > MAX_BYTES) break
    candidates.push(candidate)
  }
  return candidates
}

/** The line of each offset. */
function linesOf(content: string, all: readonly Found[]): Map<number, number> {
  const lines = new Map<number, number>()
  let [line, from] = [1, 0]
  for (const { at } of all.toSorted((one, other) => one.at - other.at)) {
    line += countEndings(content, from, at).all
    from = at
    lines.set(at, line)
  }
  return lines
}

function cut(text: string): string {
  if (text.length <= MAX_SHOWN) return text
  const characters = Array.from(text.slice(0, 2 * MAX_SHOWN + 2))
  return characters.length <= MAX_SHOWN ? text : `${characters.slice(0, MAX_SHOWN - 1).join('')}…`
}
