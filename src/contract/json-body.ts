import { Problem } from '../http/problem.ts'

const MAX_DEPTH = 32
const MAX_VALUES = 10_000

/**
 * Parses a JSON body more strictly than JSON.parse: invalid UTF-8, duplicate keys, U+0000, unpaired surrogates and
 * excessive structure are refused, because each would be changed or dropped in silence further on.
 * No message holds any of the body, which may be a password.
 */
export function parseJson(bytes: Buffer): unknown {
  const text = decodeUtf8(bytes)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The SyntaxError quotes the body; it goes no further.
    throw malformed('The body is not valid JSON.')
  }
  refuseExcess(text)
  refuseBadText(value)
  return value
}

export function decodeUtf8(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw malformed('The body is not valid UTF-8.')
  }
}

/** One pass over text that is known to be JSON, for what JSON.parse does not tell: depth, size and duplicate keys. */
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
        if (scope?.has(String(key))) throw malformed('The body has an object with the same key twice.')
        scope?.add(String(key))
        expectKey = false
      }
      token.lastIndex = end
    } else if (character === '{' || character === '[') {
      scopes.push(character === '{' ? new Set() : null)
      expectKey = character === '{'
      values += 1
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

/** The index after the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  const special = /["\\]/g
  special.lastIndex = start + 1
  for (let match = special.exec(text); match !== null; match = special.exec(text)) {
    if (match[0] === '"') return match.index + 1
    special.lastIndex = match.index + 2
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

function malformed(detail: string): Problem {
  return new Problem('malformed-request', detail)
}
