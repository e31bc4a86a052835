/** Where a text stops being JSON, and what should stand there. */
interface Stop {
  readonly index: number
  readonly expected: string
}

const VALUE = 'a value'
const AFTER: Readonly<Record<string, string>> = {
  '{': 'a comma or the end of the object',
  '[': 'a comma or the end of the array',
  '': 'the end of the body',
}

/**
 * Says at which line and column a text stops being JSON (RFC 8259), and what was expected there. JSON.parse quotes the
 * text in its message, or says no position; this says nothing that the text holds.
 */
export function whereBroken(text: string): string {
  const { index, expected } = firstFault(text)
  const place = index >= text.length ? 'At its end' : `At ${positionOf(text, index)}`
  return `${place}, ${expected} was expected.`
}

/** `line 2, column 5`, counted from 1; a column is a character. A line ends with a line feed, as in most editors. */
export function positionOf(text: string, index: number): string {
  let [line, column] = [1, 1]
  for (let at = 0; at < index; at += 1) {
    const code = text.charCodeAt(at)
    if (code === LINE_FEED) [line, column] = [line + 1, 1]
    else if (code < FIRST_LOW_SURROGATE || code > LAST_LOW_SURROGATE) column += 1
  }
  return `line ${line}, column ${column}`
}

const BLANK = /[ \t\n\r]*/y
const SCALAR = /(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w.+-])/y
const ESCAPE = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y
const LINE_FEED = 0x0a
const FIRST_LOW_SURROGATE = 0xdc00
const LAST_LOW_SURROGATE = 0xdfff
const BACKSLASH = 0x5c
const QUOTE = 0x22
const FIRST_PRINTABLE = 0x20

/** Reads one token after the other, with the brackets that are open. */
function firstFault(text: string): Stop {
  const open: string[] = []
  let index = endOf(BLANK, text, 0)
  /** What may come next: a value, a key, or what stands behind a value. */
  let next: 'value' | 'first' | 'key' | 'after' = 'value'
  for (;;) {
    const character = text[index] ?? ''
    if (next === 'after') {
      const bracket = open.at(-1) ?? ''
      if (bracket !== '' && character === (bracket === '{' ? '}' : ']')) open.pop()
      else if (bracket !== '' && character === ',') next = bracket === '{' ? 'key' : 'value'
      else return { index, expected: AFTER[bracket] ?? VALUE }
      index = endOf(BLANK, text, index + 1)
    } else if (next === 'first' && character === (open.at(-1) === '{' ? '}' : ']')) {
      next = 'after'
    } else if (next === 'key' || (next === 'first' && open.at(-1) === '{')) {
      const key = readString(text, index)
      if (typeof key !== 'number') return key ?? { index, expected: 'a key in double quotes' }
      index = endOf(BLANK, text, key)
      if (text[index] !== ':') return { index, expected: 'a colon' }
      index = endOf(BLANK, text, index + 1)
      next = 'value'
    } else if (character === '{' || character === '[') {
      open.push(character)
      index = endOf(BLANK, text, index + 1)
      next = 'first'
    } else {
      const string = readString(text, index)
      if (typeof string === 'object') return string
      const end = string ?? endOf(SCALAR, text, index)
      if (end === index) return { index, expected: VALUE }
      index = endOf(BLANK, text, end)
      next = 'after'
    }
  }
}

const SPECIAL = /["\\]|[^ -\uffff]/g

/** After so many plain characters of a string one by one, the rest is skipped: a search costs as much as these. */
const LONG_RUN = 64

/** The first place from an index on with a quotation mark, a backslash or a control character; else the end. */
function endOfRun(text: string, index: number): number {
  SPECIAL.lastIndex = index
  return SPECIAL.test(text) ? SPECIAL.lastIndex - 1 : text.length
}

/** The end of the string at an index, or where it breaks off; undefined if no string begins there. */
function readString(text: string, start: number): number | Stop | undefined {
  if (text.charCodeAt(start) !== QUOTE) return undefined
  let index = start + 1
  let run = 0
  while (index < text.length) {
    const code = text.charCodeAt(index)
    if (code === QUOTE) return index + 1
    if (code < FIRST_PRINTABLE) return { index, expected: 'an escape sequence instead of a control character' }
    run = code === BACKSLASH ? 0 : run + 1
    const end =
      code === BACKSLASH ? endOf(ESCAPE, text, index) : run % LONG_RUN === 0 ? endOfRun(text, index) : index + 1
    if (end === index) return { index, expected: 'a valid escape sequence' }
    index = end
  }
  return { index, expected: 'the closing quotation mark of a string' }
}

function endOf(token: RegExp, text: string, index: number): number {
  token.lastIndex = index
  return token.test(text) ? token.lastIndex : index
}
