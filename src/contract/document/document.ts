import { readFileSync } from 'node:fs'
import { CORE_SCHEMA, load } from 'js-yaml'

/** JSON as it comes out of a parser; the contract is read through the narrowing functions below. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

export interface ContractDocument {
  /** The exact text of openapi.yaml, as it is served. */
  readonly text: string
  readonly root: JsonObject
  readonly version: string
}

/** Reads openapi.yaml from the root of the project. */
export function loadDocument(location: URL = new URL('../../../openapi.yaml', import.meta.url)): ContractDocument {
  return parseDocument(readFileSync(location, 'utf8'))
}

export function parseDocument(text: string): ContractDocument {
  // The core schema of YAML 1.2: `no` is text, and so is a date.
  const root = object(toJson(load(text, { schema: CORE_SCHEMA })))
  return { text, root, version: string(object(root['info'])['version']) }
}

/** YAML can express more than JSON can, but CORE_SCHEMA yields JSON values only. */
function toJson(value: unknown): Json {
  if (value === null || typeof value === 'boolean' || typeof value === 'number' || typeof value === 'string')
    return value
  if (Array.isArray(value)) return value.map(toJson)
  if (typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, toJson(member)]))
  throw new Error(`openapi.yaml holds a ${typeof value}, which is not JSON`)
}

/** A place in the document after its `$ref`s have been followed. */
export interface Place {
  /** JSON pointer (RFC 6901), such as `/components/schemas/Note`. */
  readonly pointer: string
  readonly value: JsonObject
}

/** Steps from a place to one of its members, following `$ref`. */
export function at(root: JsonObject, place: Place, ...keys: readonly string[]): Place {
  let current = follow(root, place)
  for (const key of keys) {
    const pointer = `${current.pointer}/${escapeToken(key)}`
    current = follow(root, { pointer, value: container(current.value[key], pointer) })
  }
  return current
}

function follow(root: JsonObject, place: Place): Place {
  const reference = place.value['$ref']
  if (typeof reference !== 'string') return place
  if (!reference.startsWith('#/')) throw new Error(`Only local references are supported, not ${reference}`)
  const keys = reference.slice(2).split('/').map(unescapeToken)
  return at(root, { pointer: '', value: root }, ...keys)
}

export function object(value: Json | undefined, where = 'the document'): JsonObject {
  if (!isObject(value)) throw new Error(`${where} must be an object`)
  return value
}

/** Throws if the value is not text: the document is ours, so that is a mistake in it. */
export function string(value: Json | undefined, where = 'a member of the document'): string {
  if (typeof value !== 'string') throw new Error(`${where} must be text`)
  return value
}

/** An object, or an array as an object, because `at` steps into both by key. */
function container(value: Json | undefined, where: string): JsonObject {
  return Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : object(value, where)
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : []
}

export function escapeToken(key: string): string {
  return /[~/]/.test(key) ? key.replaceAll('~', '~0').replaceAll('/', '~1') : key
}

function unescapeToken(token: string): string {
  return token.includes('~') ? token.replaceAll('~1', '/').replaceAll('~0', '~') : token
}
