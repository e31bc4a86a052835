/**
 * Offsets of the first two occurrences, which may overlap; -1 for a missing one. Linear (Knuth, Morris and Pratt):
 * `indexOf` takes a minute for a hostile text of 1 MiB. A match that would cut a surrogate pair does not count.
 */
export function findTwice(text: string, part: string): readonly [number, number] {
  if (part === '') return [-1, -1]
  const border = bordersOf(part)
  let first = -1
  let matched = 0
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    while (matched > 0 && part.charCodeAt(matched) !== unit) matched = border[matched - 1] ?? 0
    if (part.charCodeAt(matched) === unit) matched += 1
    if (matched < part.length) continue
    matched = border[matched - 1] ?? 0
    const start = i + 1 - part.length
    if (cutsPair(text, start) || cutsPair(text, i + 1)) continue
    if (first !== -1) return [first, start]
    first = start
  }
  return [first, -1]
}

/** For each prefix, the length of its longest proper prefix that is also its suffix. */
function bordersOf(part: string): Int32Array {
  const border = new Int32Array(part.length)
  let length = 0
  for (let i = 1; i < part.length; i += 1) {
    while (length > 0 && part.charCodeAt(i) !== part.charCodeAt(length)) length = border[length - 1] ?? 0
    if (part.charCodeAt(i) === part.charCodeAt(length)) length += 1
    border[i] = length
  }
  return border
}

function cutsPair(text: string, at: number): boolean {
  return at > 0 && (text.codePointAt(at - 1) ?? 0) > 0xff_ff
}
