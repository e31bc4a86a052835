import type { ErrorObject } from 'ajv/dist/2020.js'
import type { FieldError } from '../../http/problem.ts'
import { type Json, type JsonObject, list, object } from '../document/document.ts'
import type { Words } from '../document/words.ts'
import { nearest } from './nearest.ts'
import { memberOf, paramOf, schemaOf, wordOf } from './schema-errors.ts'

type Message = Omit<FieldError, 'loc' | 'pointer'>

/** What is known of the value that the error is about. */
interface Given {
  readonly value?: unknown
  /** Whether it was sent as text, as in a query, so that every value is a string. */
  readonly isText: boolean
  /** An example of it, as text. */
  readonly example?: string | undefined
}

/** Says in words which rule was broken, what would be right, and what was found where that is no secret. */
export function describe(error: ErrorObject, given: Given, words: Words): Message {
  const schema = schemaOf(error)
  const limit = Number(paramOf(error, 'limit'))
  switch (error.keyword) {
    case 'required':
      return missing(words.member(schema, 'properties', memberOf(error) ?? '') ?? {})
    case 'additionalProperties':
      return unknown(memberOf(error) ?? '', namesIn(schema))
    case 'enum':
      return choice(list(paramOf(error, 'allowedValues')).map(String), given.value)
    case 'const':
      return choice([paramOf(error, 'allowedValue')].map(String), given.value)
    case 'type':
      return { ...typed(paramOf(error, 'type'), given), ...exampleOf(schema, given) }
    case 'format':
      return { ...formatted(wordOf(error, 'format'), words), ...exampleOf(schema, given) }
    case 'pattern': {
      const msg = words.ofPattern(wordOf(error, 'pattern'))
      return { msg, type: 'string_pattern_mismatch', ...exampleOf(schema, given) }
    }
    case 'minProperties': {
      const allowed = namesIn(schema)
      return { type: 'too_short', limit, ...listing(`Must have at least ${plural(limit, 'field')}.`, allowed) }
    }
    case 'uniqueItems':
      return { msg: 'Has the same item more than once.', type: 'duplicate_items' }
    default:
      return bound(error.keyword, limit, given.value)
  }
}

/** A name that an object or a query may not have. */
export function unknown(name: string, known: readonly string[]): Message {
  const near = nearest(name, known)
  const type = 'extra_forbidden'
  if (near === undefined) return { type, ...listing('Is not known here.', known) }
  return { type, nearest: near, ...listing(`Is not known here. Did you mean ${near}?`, known) }
}

function missing(schema: JsonObject): Message {
  const allowed = allowedBy(schema)
  const type = 'missing'
  if (allowed.length === 0) return { msg: 'Is required.', type }
  return { msg: `Is required, and must be ${oneOf(allowed)}.`, type, short: 'Is required.', allowed }
}

function choice(allowed: readonly string[], value: unknown): Message {
  const near = typeof value === 'string' ? nearest(value, allowed) : undefined
  const guess = near === undefined || allowed.length === 1 ? '' : ` Did you mean ${near}?`
  const short = 'Is not one of the allowed values.'
  return {
    msg: `Must be ${oneOf(allowed)}.${guess}`,
    type: 'enum',
    short,
    allowed,
    ...(near !== undefined && { nearest: near }),
  }
}

function formatted(format: string, words: Words): Message {
  // `date-time` as `date_time`, `int32` as `int`, `idn-email` as `email`: the contract allows letters and underscores.
  const word = format
    .replace(/^idn-/, '')
    .replaceAll('-', '_')
    .replaceAll(/[^a-z_]/g, '')
  return { msg: words.ofFormat(format), type: `${word}_parsing` }
}

function typed(types: Json | undefined, { value, isText }: Given): Message {
  const [type = 'value', ...others] = [types ?? []].flat().map(String)
  const wanted = [type, ...others].map((one) => TYPES[one] ?? one).join(' or ')
  return { msg: `Must be ${wanted}${isText ? '' : `, but is ${typeOf(value)}`}.`, type: `${type}_type` }
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  integer: 'an integer',
  number: 'a number',
  boolean: 'true or false',
  array: 'an array',
  object: 'an object',
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'boolean' ? 'a boolean' : (TYPES[typeof value] ?? 'something else')
}

/** What breaks a bound: the bound with its unit, and what was found. */
function bound(keyword: string, limit: number, value: unknown): Message {
  const [what, type] = BOUNDS[keyword] ?? []
  if (what === undefined || type === undefined) return { msg: 'Breaks the contract.', type: 'invalid' }
  const end = keyword.startsWith('min') ? 'at least' : 'at most'
  if (what === 'number') {
    const found = typeof value === 'number' ? `, but is ${value}` : ''
    return { msg: `Must be ${end} ${limit}${found}.`, type, limit }
  }
  const size = typeof value === 'string' ? charactersIn(value) : Array.isArray(value) ? value.length : 0
  const found = size > 0 ? `, but has ${size}` : ''
  return { msg: `Must have ${end} ${plural(limit, what)}${found}.`, type, limit }
}

const BOUNDS: Readonly<Record<string, readonly [what: string, type: string]>> = {
  minLength: ['character', 'string_too_short'],
  maxLength: ['character', 'string_too_long'],
  minItems: ['item', 'too_short'],
  maxItems: ['item', 'too_long'],
  minimum: ['number', 'greater_than_equal'],
  maximum: ['number', 'less_than_equal'],
}

/** Counts characters as the contract does, not UTF-16 code units. */
function charactersIn(text: string): number {
  let count = 0
  for (const _ of text) count += 1
  return count
}

const SHORT_LINE = /^\P{Cc}{0,200}$/u

/** An example of the value, from the contract; never of a secret. */
function exampleOf(schema: JsonObject, { isText, example }: Given): Pick<Message, 'example'> {
  if (schema['format'] === 'password') return {}
  const [first] = example === undefined ? list(schema['examples']) : [example]
  const text = isText && (typeof first === 'number' || typeof first === 'boolean') ? String(first) : first
  return typeof text === 'string' && SHORT_LINE.test(text) ? { example: text } : {}
}

function namesIn(schema: JsonObject): string[] {
  return Object.keys(object(schema['properties'] ?? {}))
}

function allowedBy(schema: JsonObject): string[] {
  return ('const' in schema ? [schema['const']] : list(schema['enum'])).map(String)
}

/** Adds what is allowed to a message. Without it the message is short, for a reply that would become too large. */
function listing(short: string, allowed: readonly string[]): Pick<Message, 'msg' | 'short' | 'allowed'> {
  if (allowed.length === 0) return { msg: short }
  return { msg: `${short} Allowed here: ${joined(allowed)}.`, short, allowed }
}

function oneOf(values: readonly string[]): string {
  return values.length === 1 ? `"${values[0]}"` : `one of: ${joined(values)}`
}

const MAX_LISTED_CHARACTERS = 350

/** As many of the values as a message has room for, and how many more there are. */
function joined(values: readonly string[]): string {
  let length = 0
  const shown = values.filter((value) => (length += value.length + 2) <= MAX_LISTED_CHARACTERS)
  const rest = values.length - shown.length
  return shown.join(', ') + (rest > 0 ? ` and ${rest} more` : '')
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}
