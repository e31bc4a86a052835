import { type FieldError, Problem } from '../../http/problem.ts'
import { checkText } from './json-body.ts'
import { escapeToken, isObject, type JsonObject } from '../document/document.ts'

/** Text pairs in the order they were sent, such as a query string or a form. */
export type Pairs = ReadonlyMap<string, readonly string[]>

/** Parses `a=1&b=2` (WHATWG URL, application/x-www-form-urlencoded). Throws a 400 where a lenient parser guesses. */
export function parsePairs(text: string, where: string): Pairs {
  const pairs = new Map<string, string[]>()
  for (const part of text.split('&')) {
    if (part === '') continue
    const separator = part.indexOf('=')
    const name = decodePart(separator < 0 ? part : part.slice(0, separator), where)
    const value = separator < 0 ? '' : decodePart(part.slice(separator + 1), where)
    const values = pairs.get(name)
    if (values === undefined) pairs.set(name, [value])
    else values.push(value)
  }
  return pairs
}

function decodePart(text: string, where: string): string {
  return decodePercent(text.replaceAll('+', ' '), where)
}

/** Decodes percent-escapes. Throws a 400 for broken ones and for invalid UTF-8 (RFC 3986 §2.1). */
function decodePercent(text: string, where: string): string {
  let decoded: string
  try {
    decoded = decodeURIComponent(text)
  } catch {
    throw new Problem('malformed-request', `The ${where} contains a broken percent-escape.`)
  }
  checkText(decoded)
  return decoded
}

/** Path parameters, decoded. Throws a 400 for a broken percent-escape. */
export function decodeParams(encoded: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(encoded).map(([name, text]) => [name, decodePercent(text, 'address')]))
}

/** As clients write booleans: Python sends `True`, and some send `1`. */
const BOOLEANS: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['false', false],
  ['0', false],
])

/**
 * Reads text as the type that its schema demands. Text of another type stays text, so that the validator reports it.
 * Of numbers only canonical forms count: `0x10`, `1e1` and ` 7 ` are not integers.
 */
export function coerce(text: string, schema: JsonObject): unknown {
  switch (schema['type']) {
    case 'integer':
      return /^(0|-?[1-9][0-9]{0,15})$/.test(text) && Number.isSafeInteger(Number(text)) ? Number(text) : text
    case 'number':
      return /^-?(0|[1-9][0-9]*)(\.[0-9]+)?$/.test(text) ? Number(text) : text
    case 'boolean':
      return BOOLEANS.get(text.toLowerCase()) ?? text
    default:
      return text
  }
}

type Schemas = ReadonlyMap<string, JsonObject>

/**
 * Coerces text pairs by the schemas of their names and fills in defaults. Unknown names stay in and are refused later;
 * a known name given twice is an error unless its schema is an array.
 */
export function coercePairs(
  pairs: Pairs,
  schemas: Schemas,
  where: string,
): { values: Record<string, unknown>; errors: FieldError[] } {
  const values: Record<string, unknown> = Object.create(null)
  const errors: FieldError[] = []
  for (const [name, texts] of pairs) {
    const schema = schemas.get(name)
    const [first = ''] = texts
    if (schema?.['type'] === 'array') {
      const items = schema['items']
      values[name] = texts.map((text) => coerce(text, isObject(items) ? items : {}))
    } else if (texts.length > 1 && schema !== undefined) {
      const short = shorten(name)
      errors.push({
        loc: [where, short],
        pointer: `/${escapeToken(short)}`,
        msg: 'Is given more than once.',
        type: 'repeated',
      })
    } else {
      values[name] = schema === undefined ? first : coerce(first, schema)
    }
  }
  for (const [name, schema] of schemas) {
    if (!pairs.has(name) && schema['default'] !== undefined) values[name] = schema['default']
  }
  return { values, errors }
}

const MAX_NAME_BYTES = 64

/** Names come from the client and are sent back, up to 20 of them, twice each. The whole reply stays below 8 KiB. */
export function shorten(name: string): string {
  if (name.length <= MAX_NAME_BYTES && bytesInJson(name) <= MAX_NAME_BYTES) return name
  let short = ''
  // By code points, so that no surrogate loses its other half.
  for (const character of name) {
    if (bytesInJson(`${short}${character}…`) > MAX_NAME_BYTES) break
    short += character
  }
  return `${short}…`
}

function bytesInJson(text: string): number {
  return Buffer.byteLength(JSON.stringify(text)) - 2
}
