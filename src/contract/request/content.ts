import { MIMEType } from 'node:util'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import { type FieldError, Problem } from '../../http/problem.ts'
import { at, list, object, type JsonObject, type Place } from '../document/document.ts'
import type { BodySpec } from '../document/operations.ts'
import type { SchemaCompiler } from '../document/schemas.ts'
import { toFieldErrors } from './faults.ts'
import { headerOf, type IncomingRequest } from './incoming.ts'
import { decodeUtf8, parseJson } from './json-body.ts'
import { coercePairs, parsePairs } from './parameters.ts'

/** What holds a body of one media type to the contract. */
export interface CompiledContent {
  readonly validate: ValidateFunction
  /** What text values are coerced by; only a form has them. */
  readonly fields: ReadonlyMap<string, JsonObject> | undefined
}

const FORM = 'application/x-www-form-urlencoded'
const noBody = { body: undefined, faults: [] }

export function compileContent(spec: BodySpec | undefined, root: JsonObject, schemas: SchemaCompiler) {
  const content = [...(spec?.content ?? [])].map(([mediaType, place]): [string, CompiledContent] => {
    const fields = mediaType === FORM ? fieldsOf(place, root) : undefined
    return [mediaType, { validate: schemas.compile(place), fields }]
  })
  return new Map(content)
}

/** The property schemas of a form, those of all its alternatives together: what its text values are coerced by. */
function fieldsOf(place: Place, root: JsonObject): Map<string, JsonObject> {
  const alternatives = list(place.value['oneOf']).map((_, index) => at(root, place, 'oneOf', String(index)))
  const properties = (alternatives.length > 0 ? alternatives : [place]).flatMap((schema) => {
    const names = Object.keys(object(schema.value['properties'] ?? {}))
    return names.map((name) => [name, withItems(at(root, schema, 'properties', name), root)] as const)
  })
  return new Map(properties)
}

/** A schema whose `items`, if it has any, are no `$ref`. */
export function withItems(schema: Place, root: JsonObject): JsonObject {
  return 'items' in schema.value ? { ...schema.value, items: at(root, schema, 'items').value } : schema.value
}

/** What the Content-Type of a body selects; a 415 when the contract has nothing of the kind. */
export function contentOf(
  incoming: Pick<IncomingRequest, 'headers'>,
  spec: BodySpec,
  compiled: ReadonlyMap<string, CompiledContent>,
): CompiledContent {
  const content = compiled.get(mediaTypeOf(headerOf(incoming, 'content-type'), spec))
  if (content === undefined) throw unsupported(spec)
  return content
}

export function checkBody(
  bytes: Buffer | undefined,
  content: CompiledContent | undefined,
  required: boolean,
): { body: unknown; faults: readonly FieldError[] } {
  if (bytes === undefined || content === undefined) {
    if (!required) return noBody
    return { body: undefined, faults: [{ loc: ['body'], pointer: '', msg: 'Is required.', type: 'missing' }] }
  }
  let body: unknown
  if (content.fields === undefined) {
    body = parseJson(bytes)
  } else {
    const { values, faults } = coercePairs(parsePairs(decodeUtf8(bytes), 'form'), content.fields, 'body')
    if (faults.length > 0) return { body: undefined, faults }
    body = values
  }
  return { body, faults: content.validate(body) ? [] : toFieldErrors(content.validate.errors ?? [], ['body']) }
}

/** The essence of a Content-Type. JSON and forms are UTF-8; another charset is another media type to us. */
function mediaTypeOf(header: string | undefined, spec: BodySpec): string {
  try {
    const type = new MIMEType(header ?? '')
    const charset = type.params.get('charset')
    if (charset === null || charset.toLowerCase() === 'utf-8') return type.essence
  } catch {
    // Not a media type at all.
  }
  throw unsupported(spec)
}

function unsupported(spec: BodySpec): Problem {
  return new Problem(
    'unsupported-media-type',
    `This operation takes ${[...spec.content.keys()].join(' or ')}, in UTF-8.`,
  )
}
