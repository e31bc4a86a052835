import { diffTokens, numberTokens } from './hunks.ts'
import type { Hunk } from './hunks.ts'
import { splitLines } from './lines.ts'

export interface Labels {
  readonly before: string
  readonly after: string
}

const context = 3

/**
 * What `diff -u` prints (POSIX.1-2024, diff, "Diff -u or -U Output Format"): `patch` and `git apply` accept it. Lines
 * keep their endings, including a \r before \n. Empty if the texts are equal. Bounded as hunks.ts says: a stretch that
 * would take longer to compare is shown as one text replaced by the other.
 */
export function unifiedDiff(before: string, after: string, labels: Labels): string {
  if (before === after) return ''
  const [a, b] = [splitLines(before), splitLines(after)]
  const ids = new Map<string, number>()
  const hunks = diffTokens(numberTokens(a, ids), numberTokens(b, ids))
  const out = [`--- ${oneLine(labels.before)}\n`, `+++ ${oneLine(labels.after)}\n`]
  for (const group of withSharedContext(hunks)) printGroup(out, group, a, b)
  return out.join('')
}

/** A label may be user input; it must not add lines to the diff. */
function oneLine(label: string): string {
  return label.replaceAll(/[\r\n]+/g, ' ')
}

function withSharedContext(hunks: readonly Hunk[]): Hunk[][] {
  const groups: Hunk[][] = []
  for (const hunk of hunks) {
    const group = groups.at(-1)
    const last = group?.at(-1)
    if (group !== undefined && last !== undefined && hunk.aStart - last.aEnd <= 2 * context) group.push(hunk)
    else groups.push([hunk])
  }
  return groups
}

function printGroup(out: string[], group: readonly Hunk[], a: readonly string[], b: readonly string[]): void {
  const [first, last] = [group[0], group.at(-1)]
  if (first === undefined || last === undefined) return
  const lead = Math.min(context, first.aStart)
  const trail = Math.min(context, a.length - last.aEnd)
  const aRange = range(first.aStart - lead, last.aEnd + trail)
  const bRange = range(first.bStart - lead, last.bEnd + trail)
  out.push(`@@ -${aRange} +${bRange} @@\n`)
  let done = first.aStart - lead
  for (const { aStart, aEnd, bStart, bEnd } of group) {
    print(out, ' ', a, done, aStart)
    print(out, '-', a, aStart, aEnd)
    print(out, '+', b, bStart, bEnd)
    done = aEnd
  }
  print(out, ' ', a, done, last.aEnd + trail)
}

/** Counted from 1; an empty range gives the line before it. */
function range(start: number, end: number): string {
  const count = end - start
  if (count === 1) return `${start + 1}`
  return `${count === 0 ? start : start + 1},${count}`
}

function print(out: string[], prefix: string, lines: readonly string[], start: number, end: number): void {
  for (let i = start; i < end; i += 1) {
    const line = lines[i] ?? ''
    out.push(prefix, line.endsWith('\n') ? line : `${line}\n\\ No newline at end of file\n`)
  }
}
