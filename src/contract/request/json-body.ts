import { Problem } from '../../http/problem.ts'
import { countCharacters } from '../document/lengths.ts'
import { positionOf, whereBroken } from './json-position.ts'

const MAX_DEPTH = 32
const MAX_VALUES = 10_000
/** Of all names and texts together, once unescaped: a character may take 12 bytes of a body (`\ud83d\ude00`). */
const MAX_CHARACTERS = 2 * 1024 * 1024
const QUOTE = 0x22
const BACKSLASH = 0x5c

/** U+FEFF, which some editors put before a text. A parser of JSON may pass over it (RFC 8259 §8.1). */
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/**
 * Parses a JSON body more strictly than JSON.parse: invalid UTF-8, duplicate keys, U+0000, unpaired surrogates and
 * excessive structure are refused, because each would later be changed or dropped silently, or cost too much.
 * No message holds any of the body, which may be a password.
 */
export function parseJson(bytes: Buffer): unknown {
  const isMarked = bytes.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
  const text = decodeUtf8(isMarked ? bytes.subarray(BYTE_ORDER_MARK.length) : bytes)
  let value: unknown
  try {
    // First, because JSON.parse takes a fifth of a second to build a value that is nested a million levels deep.
    refuseExcess(text)
    value = JSON.parse(text)
  } catch (error) {
    if (error instanceof Problem) throw error
    // The SyntaxError quotes the body, so we drop it.
    throw malformed(`The body is not valid JSON. ${whereBroken(text)}`)
  }
  refuseBadText(value)
  if (text.length > MAX_CHARACTERS && hasTooMuchText(value)) throw tooMuchText()
  return value
}

export function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw malformed('The body is not valid UTF-8.')
  }
}

/**
 * One pass over text that should be JSON, for what JSON.parse does not report: depth, size and duplicate keys. For text
 * that is not JSON the result does not matter; JSON.parse refuses it.
 */
function refuseExcess(text: string): void {
  const scopes: (Set<string> | null)[] = []
  const token = /["{}[\],]/g
  let values = 1
  let expectKey = false
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const character = match[0]
    if (character === '"') {
      const end = endOfString(text, match.index)
      if (expectKey) {
        const key: unknown = JSON.parse(text.slice(match.index, end))
        const scope = scopes.at(-1)
        if (scope?.has(String(key)))
          throw malformed(`The body has an object with the same key twice: again at ${positionOf(text, match.index)}.`)
        scope?.add(String(key))
        expectKey = false
      }
      token.lastIndex = end
    } else if (character === '{' || character === '[') {
      scopes.push(character === '{' ? new Set() : null)
      expectKey = character === '{'
      if (!isEmptyAt(text, token.lastIndex)) values += 1
      if (scopes.length > MAX_DEPTH) throw malformed(`The body is nested more than ${MAX_DEPTH} levels deep.`)
    } else if (character === ',') {
      expectKey = scopes.at(-1) !== null
      values += 1
    } else {
      scopes.pop()
      expectKey = false
    }
    if (values > MAX_VALUES) throw malformed(`The body has more than ${MAX_VALUES} values.`)
  }
}

/** Whether the object or array that opens before `index` is empty, so that it has no first value to count. */
function isEmptyAt(text: string, index: number): boolean {
  const closing = /\s*[\]}]/y
  closing.lastIndex = index
  return closing.test(text)
}

/** The index after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code === QUOTE) return index + 1
    if (code === BACKSLASH) index += 1
  }
  return text.length
}

function refuseBadText(value: unknown): void {
  if (typeof value === 'string') {
    checkText(value)
  } else if (Array.isArray(value)) {
    for (const item of value) refuseBadText(item)
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, member] of Object.entries(value)) {
      if (key === '__proto__') throw malformed('The body has a key that is not allowed.')
      checkText(key)
      refuseBadText(member)
    }
  }
}

/** PostgreSQL cannot store U+0000, and an unpaired surrogate would become U+FFFD on its way to it. */
export function checkText(text: string): void {
  if (text.includes('\0')) throw malformed('Text may not hold the character U+0000.')
  if (!text.isWellFormed()) throw malformed('Text may not hold an unpaired surrogate.')
}

/** Counts characters only if the number of UTF-16 code units, which is known, leaves the answer open. */
function hasTooMuchText(value: unknown): boolean {
  const units = sizeOf(value, (text) => text.length)
  if (units <= MAX_CHARACTERS || units > 2 * MAX_CHARACTERS) return units > MAX_CHARACTERS
  return sizeOf(value, countCharacters) > MAX_CHARACTERS
}

/** The sum of the sizes of all names and texts of a value. */
function sizeOf(value: unknown, size: (text: string) => number): number {
  if (typeof value === 'string') return size(value)
  if (typeof value !== 'object' || value === null) return 0
  const names = Array.isArray(value) ? [] : Object.keys(value)
  return [...names, ...Object.values(value)].reduce((sum: number, part: unknown) => sum + sizeOf(part, size), 0)
}

function tooMuchText(): Problem {
  const detail = `The texts in the body may have at most ${MAX_CHARACTERS} characters together.`
  return new Problem('body-too-large', detail)
}

function malformed(detail: string): Problem {
  return new Problem('malformed-request', detail)
}
