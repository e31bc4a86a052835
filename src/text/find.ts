/**
 * Calls `visit` with the offset of each occurrence, in order, until it returns false. Occurrences may overlap. Linear
 * (Knuth, Morris and Pratt): `indexOf` takes a minute for a hostile text of 1 MiB. A match that would cut a surrogate
 * pair does not count.
 */
export function findEach(text: string, part: string, visit: (at: number) => boolean): void {
  if (part === '') return
  const border = bordersOf(part)
  let matched = 0
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i)
    while (matched > 0 && part.charCodeAt(matched) !== unit) matched = border[matched - 1] ?? 0
    if (part.charCodeAt(matched) === unit) matched += 1
    if (matched < part.length) continue
    matched = border[matched - 1] ?? 0
    const start = i + 1 - part.length
    if (!cutsPair(text, start) && !cutsPair(text, i + 1) && !visit(start)) return
  }
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
