import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { at, isObject, object, type Json, type JsonObject, type Place } from './document.ts'
import { countRarely } from './lengths.ts'

/** Compiles schemas at their place in the contract, so that a component used twice is compiled once. */
export interface SchemaCompiler {
  readonly compile: (place: Place) => ValidateFunction
}

const DOCUMENT = 'openapi'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const TIMESTAMP = /^(?!0000)\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$/

/** For requests: reports all errors, and fills in defaults. */
export function requestSchemas(root: JsonObject): SchemaCompiler {
  return compiler(object(withTargetsInPlace(withDefaultsInPlace(root, root), root)), {
    allErrors: true,
    useDefaults: true,
  })
}

/** For replies: stops at the first violation, and fills in no defaults, which would hide a missing field. */
export function replySchemas(root: JsonObject): SchemaCompiler {
  return compiler(root, { allErrors: false, useDefaults: false })
}

function compiler(root: JsonObject, options: { allErrors: boolean; useDefaults: boolean }): SchemaCompiler {
  // OpenAPI 3.1 uses JSON Schema 2020-12; openapi-backend's own Ajv is for draft-07 and ignores unknown keywords.
  const ajv = new Ajv2020({
    ...options,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    validateSchema: false,
  })
  addFormats.default(ajv)
  countRarely(ajv)
  // Keywords of the document itself: to Ajv, it is one large schema, and we compile parts of it.
  ajv.addVocabulary([
    ...Object.keys(root),
    'example',
    'xml',
    'externalDocs',
    'discriminator',
    'x-enum-varnames',
    'x-deprecated-since',
    'x-sunset',
  ])
  ajv.addFormat('password', true)
  ajv.addFormat('binary', true)
  // An id and a time each have one spelling: the server accepts what it sends, and clients can compare bytes.
  ajv.addFormat('uuid', UUID)
  ajv.addFormat('date-time', (text: string) => TIMESTAMP.test(text) && isRealMoment(text))
  ajv.addSchema(root, DOCUMENT)
  return { compile: ({ pointer }) => ajv.compile({ $ref: `${DOCUMENT}#${encodeFragment(pointer)}` }) }
}

/** Whether date and time exist: 2026-02-30 and 25:00 do not. */
function isRealMoment(text: string): boolean {
  const moment = new Date(text)
  return !Number.isNaN(moment.getTime()) && moment.toISOString().slice(0, 19) === text.slice(0, 19)
}

/** A pointer as a URI fragment (RFC 6901 §6); the braces of path templates need it. */
function encodeFragment(pointer: string): string {
  return pointer.split('/').map(encodeURIComponent).join('/')
}

/** Ajv fills in a default of the property itself, but not one behind its `$ref`; so we copy it beside the `$ref`. */
function withDefaultsInPlace(value: Json, root: JsonObject): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withDefaultsInPlace(item, root))
  if (!isObject(value)) return value
  const copy = Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, withDefaultsInPlace(member, root)]),
  )
  const reference = copy['$ref']
  if (typeof reference !== 'string' || !reference.startsWith('#/components/schemas/') || 'default' in copy) return copy
  const schemas = object(object(root['components'])['schemas'])
  const fallback = object(schemas[reference.slice('#/components/schemas/'.length)], reference)['default']
  return fallback === undefined ? copy : { ...copy, default: fallback }
}

/**
 * Replaces `$ref` by its target in two places. Within a branch of a `oneOf`: Ajv reports the schema path of an error
 * from the last `$ref` that it followed, so errors of two branches would look alike. And in the items of a list that
 * may have no item twice: Ajv compares each with each if it does not see that they are strings.
 */
function withTargetsInPlace(value: Json, root: JsonObject, isInPlace = false): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withTargetsInPlace(item, root, isInPlace))
  if (!isObject(value)) return value
  if (isInPlace && typeof value['$ref'] === 'string') {
    const { $ref: _, ...beside } = value
    const target = at(root, { pointer: '', value }).value
    return withTargetsInPlace({ ...object(withDefaultsInPlace(target, root)), ...beside }, root, true)
  }
  const begins = (key: string): boolean => key === 'oneOf' || (key === 'items' && value['uniqueItems'] === true)
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, withTargetsInPlace(member, root, isInPlace || begins(key))]),
  )
}
