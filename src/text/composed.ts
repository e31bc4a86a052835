const COMBINABLE = /[\u0300-\uffff]/
const MARK = /^\p{M}/u
const STEP = 32

/**
 * A text in composed form (NFC): canonically equivalent texts become equal. Text below U+0300 always is in that form. A
 * text with dozens of marks on one letter stays as it is, because the time to order them grows with their square.
 */
export function composed(text: string): string {
  return COMBINABLE.test(text) && !hasPile(text) ? text.normalize('NFC') : text
}

/** Whether 64 marks follow one another. A text with 33 of them may count too: only every 32nd is looked at first. */
export function hasPile(text: string): boolean {
  for (let at = STEP; at < text.length; at += STEP) {
    if (!isMark(text, at) || !isMark(text, at - STEP)) continue
    let first = at - 1
    while (first > at - STEP && isMark(text, first)) first -= 1
    if (first === at - STEP) return true
  }
  return false
}

function isMark(text: string, at: number): boolean {
  const unit = text.charCodeAt(at)
  if (unit < 0x3_00) return false
  const isLow = unit >= 0xdc_00 && unit < 0xe0_00
  return MARK.test(isLow ? text.slice(at - 1, at + 1) : text.slice(at, at + 2))
}
