import { Ajv2020, type Options, type ValidateFunction } from 'ajv/dist/2020.js'
import type { DataValidationCxt } from 'ajv/dist/types/index.js'
import addFormats from 'ajv-formats'
import { at, isObject, object, type Json, type JsonObject, type Place } from './document.ts'
import { canonicalEmail } from '../../email-address.ts'
import { canonicalMoment, canonicalUuid } from './formats.ts'
import { countRarely } from './lengths.ts'

/** Compiles schemas at their place in the contract, so that a component used twice is compiled once. */
export interface SchemaCompiler {
  readonly compile: (place: Place) => ValidateFunction
}

const DOCUMENT = 'openapi'

/** Formats that have several spellings; what is stored and sent has one. */
const CANONICAL: Readonly<Record<string, (text: string) => string | undefined>> = {
  uuid: canonicalUuid,
  'date-time': canonicalMoment,
  'idn-email': canonicalEmail,
}
/** Our keyword beside such a format: it replaces the value in a request by its canonical form. */
const CANONICALIZE = 'x-canonicalize'

/** For requests: reports all errors, each with its schema and value, fills in defaults, and takes every spelling. */
export function requestSchemas(root: JsonObject): SchemaCompiler {
  const prepared = withCanonicalForms(withTargetsInPlace(withDefaultsInPlace(root, root), root))
  const ajv = createAjv(root, { allErrors: true, useDefaults: true, verbose: true })
  for (const [format, canonical] of Object.entries(CANONICAL))
    ajv.addFormat(format, (text: string) => canonical(text) !== undefined)
  ajv.addKeyword({
    keyword: CANONICALIZE,
    type: 'string',
    schemaType: 'string',
    modifying: true,
    errors: false,
    validate: (format: string, text: string, _: unknown, place?: DataValidationCxt) => {
      const canonical = CANONICAL[format]?.(text)
      if (canonical !== undefined && place?.parentData !== undefined)
        place.parentData[place.parentDataProperty] = canonical
      return true
    },
  })
  return compilerOf(ajv, object(prepared))
}

/** For replies: stops at the first violation, and fills in no defaults, which would hide a missing field. */
export function replySchemas(root: JsonObject): SchemaCompiler {
  const ajv = createAjv(root, { allErrors: false, useDefaults: false, verbose: false })
  // What the server sends has one spelling, so that clients can compare bytes.
  for (const [format, canonical] of Object.entries(CANONICAL))
    ajv.addFormat(format, (text: string) => canonical(text) === text)
  return compilerOf(ajv, root)
}

function compilerOf(ajv: Ajv2020, root: JsonObject): SchemaCompiler {
  ajv.addSchema(root, DOCUMENT)
  return { compile: ({ pointer }) => ajv.compile({ $ref: `${DOCUMENT}#${encodeFragment(pointer)}` }) }
}

function createAjv(root: JsonObject, options: Pick<Options, 'allErrors' | 'useDefaults' | 'verbose'>): Ajv2020 {
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
  return ajv
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

/** Marks the schemas whose values have a canonical form. */
function withCanonicalForms(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withCanonicalForms(item))
  if (!isObject(value)) return value
  const copy = Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withCanonicalForms(member)]))
  const { format } = copy
  return typeof format === 'string' && Object.hasOwn(CANONICAL, format) ? { ...copy, [CANONICALIZE]: format } : copy
}
