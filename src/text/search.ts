import { composed, hasPile } from './composed.ts'
import { findEach } from './find.ts'

/** Where a text was found in another one. */
export interface Match {
  readonly from: number
  /** Exclusive. */
  readonly to: number
  /** What stays of the characters at the edges of the range if the match begins or ends within them. */
  readonly head: string
  readonly tail: string
}

/** The form in which two texts are compared. */
type Form = (text: string) => string

/**
 * Characters that may change or reorder together with the one before them (Unicode Standard Annex #15): marks, and the
 * letters of Hangul and Kirat Rai that compose. A few others are among them, which does no harm.
 */
const TRAILING = /^[\p{M}\u1160-\u11ff\ud7b0-\ud7ff\u{16d40}-\u{16d6f}]/u

/**
 * Finds a text as a reader sees it: spellings that are canonically equivalent count as equal, and so do the line breaks
 * \n and \r\n, which are never cut. Calls `visit` with each occurrence, in order, until it returns false; `locate`
 * tells where in `text` it is.
 */
export function search(text: string, wanted: string, visit: (locate: () => Match) => boolean): void {
  const letters = hasPile(text) || hasPile(wanted) ? asIs : composed
  const isUnix = wanted.includes('\n') && text.includes('\r\n')
  const form: Form = isUnix ? (part) => letters(part.replaceAll('\r\n', '\n')) : letters
  const part = letters(wanted.replaceAll('\r\n', '\n'))
  const formed = form(text)
  const cutsBreak = (end: number): boolean => !isUnix && part.endsWith('\r') && formed[end] === '\n'
  findEach(formed, part, (at) => {
    const end = at + part.length
    if (cutsBreak(end)) return true
    return visit(() => {
      if (formed === text) return { from: at, to: end, head: '', tail: '' }
      const start = placeOf(text, form, at, { low: 0, formed: 0 })
      const stop = placeOf(text, form, end, start)
      return { from: start.before, to: stop.after, head: start.head, tail: stop.tail }
    })
  })
}

function asIs(text: string): string {
  return text
}

/** An offset at which the text can be cut, and the same one in the other form. */
interface Edge {
  readonly low: number
  readonly formed: number
}

interface Place extends Edge {
  /** The same offset, or those at the edges of the characters that change together, with what they are in the form. */
  readonly before: number
  readonly after: number
  readonly head: string
  readonly tail: string
}

/**
 * Finds the offset in `text` of an offset in `form(text)`, which is not before `known`. Doubles the part that is looked
 * at until it is in it, and then halves it: that takes time in proportion to the distance.
 */
function placeOf(text: string, form: Form, offset: number, known: Edge): Place {
  let { low, formed } = known
  let high = text.length
  for (let reach = 2 * (offset - formed) + 64; low + reach < text.length; reach *= 2) {
    const edge = edgeBetween(text, low, Math.min(text.length, low + 2 * reach))
    if (edge === 0 || formed + form(text.slice(low, edge)).length <= offset) continue
    high = edge
    break
  }
  for (let middle = edgeBetween(text, low, high); middle > 0; middle = edgeBetween(text, low, high)) {
    const { length } = form(text.slice(low, middle))
    if (offset < formed + length) high = middle
    else {
      low = middle
      formed += length
    }
  }
  const part = text.slice(low, high)
  const inForm = form(part)
  const rest = offset - formed
  const exact = rest === 0 ? low : rest === inForm.length ? high : inForm === part ? low + rest : undefined
  if (exact !== undefined) return { low, formed, before: exact, after: exact, head: '', tail: '' }
  return { low, formed, before: low, after: high, head: inForm.slice(0, rest), tail: inForm.slice(rest) }
}

/** An offset between two others, near the middle, at which a text can be cut without changing its form; 0 if none. */
function edgeBetween(text: string, low: number, high: number): number {
  const middle = Math.floor((low + high) / 2)
  for (let at = Math.max(middle, low + 1); at < high; at += 1) if (isEdge(text, at)) return at
  for (let at = middle - 1; at > low; at -= 1) if (isEdge(text, at)) return at
  return 0
}

/** Whether a text can be cut at an offset without changing its form. */
export function isEdge(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  if (unit === 10) return text.charCodeAt(at - 1) !== 13
  if (unit < 0x3_00) return true
  if ((text.codePointAt(at - 1) ?? 0) > 0xff_ff) return false
  return !TRAILING.test(text.slice(at, at + 2))
}
