import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { at, isObject, object, type Json, type JsonObject, type Place } from './document.ts'

/** Compiles schemas of the contract where they stand, so that a component used twice is compiled once. */
export interface SchemaCompiler {
  readonly compile: (place: Place) => ValidateFunction
}

const DOCUMENT = 'openapi'
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const TIMESTAMP = /^(?!0000)\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?Z$/

/** Requests: every fault is wanted, and defaults are filled in. */
export function requestSchemas(root: JsonObject): SchemaCompiler {
  return compiler(object(withBranchesInPlace(withDefaultsInPlace(root, root), root)), {
    allErrors: true,
    useDefaults: true,
  })
}

/** Replies: one fault is enough, and nothing may be filled in, or a missing field would go unseen. */
export function replySchemas(root: JsonObject): SchemaCompiler {
  return compiler(root, { allErrors: false, useDefaults: false })
}

function compiler(root: JsonObject, options: { allErrors: boolean; useDefaults: boolean }): SchemaCompiler {
  // OpenAPI 3.1 speaks JSON Schema 2020-12; openapi-backend's own Ajv is draft-07 and ignores what it does not know.
  const ajv = new Ajv2020({
    ...options,
    strict: true,
    strictTypes: false,
    strictRequired: false,
    validateSchema: false,
  })
  addFormats.default(ajv)
  // The members of the document itself, which to Ajv is one large schema of which we compile parts.
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
  // Only one spelling of an id and of a moment: what comes out goes in again, and compares by bytes.
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

/** Ajv fills in a default that stands in the property itself, not behind its `$ref`; so it is put beside the `$ref`. */
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
 * Ajv names the place of a fault from the last `$ref` that it followed, so that faults of two branches of a `oneOf` could not be
 * told apart. Within a branch every `$ref` is therefore replaced by what it refers to.
 */
function withBranchesInPlace(value: Json, root: JsonObject, isBranch = false): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withBranchesInPlace(item, root, isBranch))
  if (!isObject(value)) return value
  if (isBranch && typeof value['$ref'] === 'string') {
    const { $ref: _, ...beside } = value
    const target = at(root, { pointer: '', value }).value
    return withBranchesInPlace({ ...object(withDefaultsInPlace(target, root)), ...beside }, root, true)
  }
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => [key, withBranchesInPlace(member, root, isBranch || key === 'oneOf')]),
  )
}
