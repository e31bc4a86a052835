import type { Hunk } from './hunks.ts'

export interface Span {
  readonly start: number
  readonly end: number
}

/** A stretch of the base that at least one side changed, and what it became on both sides. */
export interface Region {
  readonly base: Span
  readonly mine: Span
  readonly theirs: Span
  readonly mineHunks: readonly Hunk[]
  readonly theirsHunks: readonly Hunk[]
}

/**
 * Groups the changes of both sides into regions. Changes that touch, even only end to end, share a region. Between two
 * regions there is at least one token that neither side changed, which makes the regions independent.
 */
export function* regionsOf(mine: readonly Hunk[], theirs: readonly Hunk[]): Generator<Region> {
  let m = 0
  let t = 0
  let mineShift = 0
  let theirsShift = 0
  for (;;) {
    const first = earlier(mine[m], theirs[t])
    if (first === undefined) return
    const [mineFrom, theirsFrom] = [m, t]
    const start = first.aStart
    let end = first.aEnd
    for (;;) {
      const nextMine = mine[m]
      const nextTheirs = theirs[t]
      if (nextMine !== undefined && nextMine.aStart <= end) {
        end = Math.max(end, nextMine.aEnd)
        m += 1
      } else if (nextTheirs !== undefined && nextTheirs.aStart <= end) {
        end = Math.max(end, nextTheirs.aEnd)
        t += 1
      } else break
    }
    const mineHunks = mine.slice(mineFrom, m)
    const theirsHunks = theirs.slice(theirsFrom, t)
    const mineGrowth = growth(mineHunks)
    const theirsGrowth = growth(theirsHunks)
    yield {
      base: { start, end },
      mine: { start: start + mineShift, end: end + mineShift + mineGrowth },
      theirs: { start: start + theirsShift, end: end + theirsShift + theirsGrowth },
      mineHunks,
      theirsHunks,
    }
    mineShift += mineGrowth
    theirsShift += theirsGrowth
  }
}

function earlier(one: Hunk | undefined, other: Hunk | undefined): Hunk | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return other.aStart < one.aStart ? other : one
}

function growth(hunks: readonly Hunk[]): number {
  return hunks.reduce((sum, hunk) => sum + (hunk.bEnd - hunk.bStart) - (hunk.aEnd - hunk.aStart), 0)
}
