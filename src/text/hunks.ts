import { shortestEdit } from './shortest-edit.ts'
import type { Work } from './shortest-edit.ts'

/** Tokens aStart..aEnd of one text became bStart..bEnd of the other (ends are exclusive). */
export interface Hunk {
  readonly aStart: number
  readonly aEnd: number
  readonly bStart: number
  readonly bEnd: number
}

const workPerToken = 256
const maxWork = 2 ** 24

/** Numbers tokens, so that they can be compared as integers; texts to be compared share `ids`. */
export function numberTokens(tokens: readonly string[], ids: Map<string, number>): Int32Array {
  const numbers = new Int32Array(tokens.length)
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] ?? ''
    let number = ids.get(token)
    if (number === undefined) {
      number = ids.size
      ids.set(token, number)
    }
    numbers[index] = number
  }
  return numbers
}

/**
 * What changed from `a` to `b`, in order; between two hunks at least one token is unchanged.
 *
 * Tokens that occur once on both sides are matched first ("patience"), then what lies between them by the shortest
 * edit. Bound: at most 256 steps per token and 2^24 in all (about 0.1 s; splitting and numbering 1 MiB of lines takes
 * longer), memory linear plus 4 MiB. A stretch that needs more becomes one hunk. Steps are counted rather than timed,
 * so that the same texts always give the same hunks.
 */
export function diffTokens(a: Int32Array, b: Int32Array): Hunk[] {
  const goneA = new Uint8Array(a.length)
  const newB = new Uint8Array(b.length)
  const work: Work = { left: Math.min(maxWork, workPerToken * (a.length + b.length)) }
  const countA = new Int32Array(Math.max(maximum(a), maximum(b)) + 1)
  const countB = new Int32Array(countA.length)
  const open: Hunk[] = [{ aStart: 0, aEnd: a.length, bStart: 0, bEnd: b.length }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const range = trim(a, b, next)
    work.left -= next.aEnd - next.aStart + next.bEnd - next.bStart
    if (range.aStart === range.aEnd || range.bStart === range.bEnd || work.left < 0) {
      goneA.fill(1, range.aStart, range.aEnd)
      newB.fill(1, range.bStart, range.bEnd)
      continue
    }
    for (let i = range.aStart; i < range.aEnd; i += 1) countA[a[i] ?? 0] = (countA[a[i] ?? 0] ?? 0) + 1
    for (let j = range.bStart; j < range.bEnd; j += 1) countB[b[j] ?? 0] = (countB[b[j] ?? 0] ?? 0) + 1
    const anchors = findAnchors(a, b, range, countA, countB)
    if (anchors.length > 0) for (const gap of between(range, anchors)) open.push(gap)
    else matchRest(a, b, range, countA, countB, goneA, newB, work)
    for (let i = range.aStart; i < range.aEnd; i += 1) countA[a[i] ?? 0] = 0
    for (let j = range.bStart; j < range.bEnd; j += 1) countB[b[j] ?? 0] = 0
  }
  return collect(goneA, newB)
}

function maximum(tokens: Int32Array): number {
  let max = 0
  for (const token of tokens) if (token > max) max = token
  return max
}

function trim(a: Int32Array, b: Int32Array, range: Hunk): Hunk {
  let { aStart, aEnd, bStart, bEnd } = range
  while (aStart < aEnd && bStart < bEnd && a[aStart] === b[bStart]) {
    aStart += 1
    bStart += 1
  }
  while (aStart < aEnd && bStart < bEnd && a[aEnd - 1] === b[bEnd - 1]) {
    aEnd -= 1
    bEnd -= 1
  }
  return { aStart, aEnd, bStart, bEnd }
}

interface Anchor {
  readonly i: number
  readonly j: number
  readonly before: Anchor | undefined
}

/** The longest sequence of tokens that occur once on both sides and are in the same order on both. */
function findAnchors(a: Int32Array, b: Int32Array, range: Hunk, countA: Int32Array, countB: Int32Array): Anchor[] {
  const placeInB = new Map<number, number>()
  for (let j = range.bStart; j < range.bEnd; j += 1) {
    const token = b[j] ?? 0
    if (countA[token] === 1 && countB[token] === 1) placeInB.set(token, j)
  }
  const tails: Anchor[] = []
  for (let i = range.aStart; i < range.aEnd; i += 1) {
    const j = placeInB.get(a[i] ?? 0)
    if (j === undefined) continue
    let low = 0
    let high = tails.length
    while (low < high) {
      const half = (low + high) >>> 1
      if ((tails[half]?.j ?? 0) < j) low = half + 1
      else high = half
    }
    tails[low] = { i, j, before: tails[low - 1] }
  }
  const anchors: Anchor[] = []
  for (let anchor = tails.at(-1); anchor !== undefined; anchor = anchor.before) anchors.push(anchor)
  return anchors.toReversed()
}

function* between(range: Hunk, anchors: readonly Anchor[]): Generator<Hunk> {
  let { aStart, bStart } = range
  for (const { i, j } of anchors) {
    if (i > aStart || j > bStart) yield { aStart, aEnd: i, bStart, bEnd: j }
    aStart = i + 1
    bStart = j + 1
  }
  yield { aStart, aEnd: range.aEnd, bStart, bEnd: range.bEnd }
}

function matchRest(
  a: Int32Array,
  b: Int32Array,
  range: Hunk,
  countA: Int32Array,
  countB: Int32Array,
  goneA: Uint8Array,
  newB: Uint8Array,
  work: Work,
): void {
  // A token that the other side lacks has no partner: leaving it out saves rounds.
  const inA = shared(a, range.aStart, range.aEnd, countB, goneA)
  const inB = shared(b, range.bStart, range.bEnd, countA, newB)
  const unmatched = shortestEdit(
    inA.map((i) => a[i] ?? 0),
    inB.map((j) => b[j] ?? 0),
    work,
  )
  for (const x of unmatched?.a ?? inA.keys()) goneA[inA[x] ?? 0] = 1
  for (const y of unmatched?.b ?? inB.keys()) newB[inB[y] ?? 0] = 1
}

function shared(
  tokens: Int32Array,
  start: number,
  end: number,
  countOther: Int32Array,
  changed: Uint8Array,
): Int32Array {
  const kept = new Int32Array(end - start)
  let count = 0
  for (let i = start; i < end; i += 1) {
    if (countOther[tokens[i] ?? 0] === 0) changed[i] = 1
    else {
      kept[count] = i
      count += 1
    }
  }
  return kept.subarray(0, count)
}

function collect(goneA: Uint8Array, newB: Uint8Array): Hunk[] {
  const hunks: Hunk[] = []
  let i = 0
  let j = 0
  while (i < goneA.length || j < newB.length) {
    const [aStart, bStart] = [i, j]
    while (goneA[i] === 1) i += 1
    while (newB[j] === 1) j += 1
    if (i > aStart || j > bStart) hunks.push({ aStart, aEnd: i, bStart, bEnd: j })
    i += 1
    j += 1
  }
  return hunks
}
