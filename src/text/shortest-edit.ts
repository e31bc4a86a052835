/** The search gives up after this many rounds; its trace then takes about 4 MiB. */
const maxEdits = 1024

export interface Work {
  left: number
}

/** Positions in `a` and `b` that have no partner. */
export interface Unmatched {
  readonly a: readonly number[]
  readonly b: readonly number[]
}

/**
 * The shortest edit from `a` to `b` (Myers, "An O(ND) Difference Algorithm and Its Variations", 1986, §4),
 * or undefined if it would take more than `maxEdits` rounds or more work than is left.
 */
export function shortestEdit(a: Int32Array, b: Int32Array, work: Work): Unmatched | undefined {
  const max = Math.min(a.length + b.length, maxEdits)
  const goal = a.length - b.length
  const reached = new Int32Array(2 * max + 3)
  const middle = max + 1
  const at = (k: number): number => reached[middle + k] ?? 0
  const trace: Int32Array[] = []
  for (let d = 0; d <= max; d += 1) {
    work.left -= d + 1
    for (let k = -d; k <= d; k += 2) {
      let x = d === 0 ? 0 : comesFromAbove(d, k, at(k - 1), at(k + 1)) ? at(k + 1) : at(k - 1) + 1
      const from = x
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1
      work.left -= x - from
      reached[middle + k] = x
      if (k === goal && x >= a.length) return retrace(trace, a.length, b.length)
    }
    if (work.left < 0) return undefined
    trace.push(reached.slice(middle - d, middle + d + 1))
  }
  return undefined
}

function comesFromAbove(d: number, k: number, left: number, right: number): boolean {
  return k === -d || (k !== d && left < right)
}

function retrace(trace: readonly Int32Array[], endX: number, endY: number): Unmatched {
  const unmatched = { a: [] as number[], b: [] as number[] }
  let k = endX - endY
  for (let d = trace.length; d > 0; d -= 1) {
    const before = trace[d - 1] ?? new Int32Array()
    const at = (diagonal: number): number => before[diagonal + d - 1] ?? 0
    if (comesFromAbove(d, k, at(k - 1), at(k + 1))) {
      k += 1
      unmatched.b.push(at(k) - k)
    } else {
      k -= 1
      unmatched.a.push(at(k))
    }
  }
  return unmatched
}
