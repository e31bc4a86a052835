import { diffTokens, numberTokens } from './hunks.ts'
import type { Hunk } from './hunks.ts'
import { dominantEnding, endingOf, onlyEnding, splitLines, withoutEnding } from './lines.ts'
import type { LineEnding } from './lines.ts'
import { isEditOf, mergeLine } from './merge-line.ts'
import { regionsOf } from './regions.ts'
import type { Region, Span } from './regions.ts'

export interface Conflict {
  readonly base: string
  readonly mine: string
  readonly theirs: string
  /** The 1-based line of the base where the conflict begins. */
  readonly line: number
}

export type Merge =
  | { readonly text: string; readonly conflicts: readonly [] }
  | { readonly text: undefined; readonly conflicts: readonly Conflict[] }

/** Characters compared word by word in one merge; beyond that, lines changed by both sides are conflicts. */
const maxInsideLines = 2 ** 16

interface Side {
  /** As given, for reports. */
  readonly given: readonly string[]
  /** For comparison: every line has an ending, so that appending a line leaves the last one unchanged. */
  readonly lines: readonly string[]
  /** The last line has no ending. */
  readonly isOpen: boolean
}

/**
 * Merges the changes that `mine` and `theirs` made to `base`, or lists every place where that would take a guess. All
 * that either side wrote is in the text or in a conflict. The result does not depend on the order of the sides.
 *
 * - Both made the same change: taken once. A deletion against an edit, or two texts inserted at one place: conflicts.
 * - Changes of the same line: merged by words, if at least one unchanged word or blank is between them (merge-line.ts).
 * - Changes of neighbouring lines, or an insertion beside an edited line: merged if all edited lines keep their places.
 * - Line endings stay, including a missing one at the end of the text, unless a side changes them. A side that changes
 *   every ending of the base to the other kind means the whole note: the other side's lines are converted too.
 *
 * Bound: two line diffs (hunks.ts) and 2^16 characters by words; three hostile texts of 1 MiB take 0.5 to 1 s and
 * 250 MiB. A stretch that exceeds the bound is one conflict.
 */
export function mergeText(base: string, mine: string, theirs: string): Merge {
  if (mine === theirs || theirs === base) return { text: mine, conflicts: [] }
  if (mine === base) return { text: theirs, conflicts: [] }

  const [b, m, t] = toSides(base, mine, theirs)
  const ids = new Map<string, number>()
  const [bIds, mIds, tIds] = [numberTokens(b.lines, ids), numberTokens(m.lines, ids), numberTokens(t.lines, ids)]
  const merged: string[] = []
  const conflicts: Conflict[] = []
  let done = 0
  let left = maxInsideLines
  for (const region of regionsOf(diffTokens(bIds, mIds), diffTokens(bIds, tIds))) {
    append(merged, cut(b.lines, { start: done, end: region.base.start }))
    done = region.base.end
    let lines = mergeWhole(region, m, t)
    if (lines === undefined) {
      left -= sizeOf(b.lines, region.base) + sizeOf(m.lines, region.mine) + sizeOf(t.lines, region.theirs)
      if (left >= 0) lines = mergeInside(region, b, m, t)
    }
    if (lines === undefined) conflicts.push(toConflict(region, b, m, t))
    else append(merged, lines)
  }
  if (conflicts.length > 0) return { text: undefined, conflicts }
  append(merged, b.lines.slice(done))
  const last = merged.at(-1)
  const isOpen = m.isOpen === b.isOpen ? t.isOpen : m.isOpen
  // An empty line without an ending would not be a line.
  if (isOpen && last !== undefined && withoutEnding(last) !== '') merged[merged.length - 1] = withoutEnding(last)
  return { text: merged.join(''), conflicts: [] }
}

function toSides(...texts: readonly [string, string, string]): [Side, Side, Side] {
  const [base, mine, theirs] = texts
  const from = onlyEnding(base)
  const to = [mine, theirs].map((text) => onlyEnding(text)).find((ending) => ending !== undefined && ending !== from)
  const ending = from === undefined ? dominantEnding(texts.join('')) : (to ?? from)
  const toSide = (text: string): Side => {
    const given = splitLines(text)
    const lines = from === undefined || to === undefined ? given : given.map((line) => withEnding(line, to))
    const last = lines.at(-1)
    const isOpen = last !== undefined && !last.endsWith('\n')
    return { given, lines: isOpen ? [...lines.slice(0, -1), last + ending] : lines, isOpen }
  }
  return [toSide(base), toSide(mine), toSide(theirs)]
}

function withEnding(line: string, ending: LineEnding): string {
  const own = endingOf(line)
  return own === '' || own === ending ? line : withoutEnding(line) + ending
}

function mergeWhole(region: Region, m: Side, t: Side): readonly string[] | undefined {
  const mine = cut(m.lines, region.mine)
  const theirs = cut(t.lines, region.theirs)
  if (region.theirsHunks.length === 0 || isSame(mine, theirs)) return mine
  return region.mineHunks.length === 0 ? theirs : undefined
}

/** Merges line by line. That is certain only if every hunk inserts lines or replaces each line with one line. */
function mergeInside(region: Region, b: Side, m: Side, t: Side): readonly string[] | undefined {
  const mine = placeLines(region.mineHunks, b, m)
  const theirs = placeLines(region.theirsHunks, b, t)
  if (mine === undefined || theirs === undefined) return undefined
  const merged: string[] = []
  for (let at = region.base.start; at <= region.base.end; at += 1) {
    const mineNew = mine.inserted.get(at) ?? []
    const theirsNew = theirs.inserted.get(at) ?? []
    if (mineNew.length > 0 && theirsNew.length > 0 && !isSame(mineNew, theirsNew)) return undefined
    append(merged, mineNew.length > 0 ? mineNew : theirsNew)
    const base = b.lines[at]
    if (base === undefined || at === region.base.end) continue
    const line = mergeLine(base, mine.edited.get(at) ?? base, theirs.edited.get(at) ?? base)
    if (line === undefined) return undefined
    merged.push(line)
  }
  return merged
}

interface Placed {
  /** By the line of the base that they precede. */
  readonly inserted: ReadonlyMap<number, readonly string[]>
  readonly edited: ReadonlyMap<number, string>
}

function placeLines(hunks: readonly Hunk[], b: Side, side: Side): Placed | undefined {
  const inserted = new Map<number, readonly string[]>()
  const edited = new Map<number, string>()
  for (const { aStart, aEnd, bStart, bEnd } of hunks) {
    const lines = side.lines.slice(bStart, bEnd)
    if (aStart === aEnd) inserted.set(aStart, lines)
    else if (lines.length !== aEnd - aStart) return undefined
    else if (lines.length > 1 && !lines.every((line, i) => isEditOf(line, b.lines[aStart + i] ?? ''))) return undefined
    else for (const [i, line] of lines.entries()) edited.set(aStart + i, line)
  }
  return { inserted, edited }
}

function toConflict(region: Region, b: Side, m: Side, t: Side): Conflict {
  return {
    base: cut(b.given, region.base).join(''),
    mine: cut(m.given, region.mine).join(''),
    theirs: cut(t.given, region.theirs).join(''),
    line: region.base.start + 1,
  }
}

function cut(lines: readonly string[], span: Span): readonly string[] {
  return lines.slice(span.start, span.end)
}

/** No spread: arguments live on the stack, and a note may have a million lines. */
function append(lines: string[], more: readonly string[]): void {
  for (const line of more) lines.push(line)
}

function sizeOf(lines: readonly string[], span: Span): number {
  return cut(lines, span).reduce((sum, line) => sum + line.length, 0)
}

function isSame(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((line, i) => line === other[i])
}
