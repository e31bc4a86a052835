import { MIMEType } from 'node:util'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import { type FieldError, Problem } from '../../http/problem.ts'
import { at, list, object, type JsonObject, type Place } from '../document/document.ts'
import type { BodySpec } from '../document/operations.ts'
import type { SchemaCompiler } from '../document/schemas.ts'
import type { Words } from '../document/words.ts'
import { toFieldErrors } from './faults.ts'
import { headerOf, type IncomingRequest } from './incoming.ts'
import { decodeUtf8, parseJson } from './json-body.ts'
import { oauthPairs, refuseScope } from './oauth-form.ts'
import { coercePairs, parsePairs } from './parameters.ts'

/** The compiled check of a body of one media type. */
export interface CompiledContent {
  readonly validate: ValidateFunction
  /** The schemas by which text values are coerced; only a form has them. */
  readonly fields: ReadonlyMap<string, JsonObject> | undefined
  /** Whether the form is one of OAuth, which has rules of its own. */
  readonly isOAuth: boolean
}

const FORM = 'application/x-www-form-urlencoded'

export function compileContent(spec: BodySpec | undefined, root: JsonObject, schemas: SchemaCompiler) {
  const content = [...(spec?.content ?? [])].map(([mediaType, place]): [string, CompiledContent] => {
    const fields = mediaType === FORM ? fieldsOf(place, root) : undefined
    return [mediaType, { validate: schemas.compile(place), fields, isOAuth: spec?.isOAuth ?? false }]
  })
  return new Map(content)
}

/** The property schemas of a form, of all its alternatives together. Its text values are coerced by them. */
function fieldsOf(place: Place, root: JsonObject): Map<string, JsonObject> {
  const alternatives = list(place.value['oneOf']).map((_, index) => at(root, place, 'oneOf', String(index)))
  const fields = new Map<string, JsonObject>()
  for (const schema of alternatives.length > 0 ? alternatives : [place]) {
    for (const name of Object.keys(object(schema.value['properties'] ?? {}))) {
      const field = withItems(at(root, schema, 'properties', name), root)
      const values = [...list(fields.get(name)?.['enum']), ...list(field['enum'])]
      fields.set(name, values.length === 0 ? field : { ...field, enum: values })
    }
  }
  return fields
}

/** A schema with the `$ref` of its `items` resolved. */
export function withItems(schema: Place, root: JsonObject): JsonObject {
  return 'items' in schema.value ? { ...schema.value, items: at(root, schema, 'items').value } : schema.value
}

/** Selects the check by the Content-Type of a body. Throws a 415 if the operation does not take that type. */
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
  words: Words,
): { body: unknown; errors: readonly FieldError[] } {
  if (bytes === undefined || content === undefined) {
    if (!required) return { body: undefined, errors: [] }
    return { body: undefined, errors: [{ loc: ['body'], pointer: '', msg: 'Is required.', type: 'missing' }] }
  }
  let body: unknown
  if (content.fields === undefined) {
    body = parseJson(bytes)
  } else {
    const sent = parsePairs(decodeUtf8(bytes), 'form')
    const pairs = content.isOAuth ? oauthPairs(sent, content.fields) : sent
    const { values, errors } = coercePairs(pairs, content.fields, 'body')
    if (errors.length > 0) return { body: undefined, errors }
    body = values
  }
  if (content.validate(body)) return { body, errors: [] }
  const source = { where: ['body'], isText: content.fields !== undefined }
  const errors = toFieldErrors(content.validate.errors ?? [], source, words)
  if (content.isOAuth) refuseScope(errors)
  return { body, errors }
}

/** The essence of a Content-Type. JSON and forms are UTF-8; with another charset, the media type is unsupported. */
function mediaTypeOf(header: string | undefined, spec: BodySpec): string {
  if (header === undefined) throw unsupported(spec, 'The body has no Content-Type.')
  try {
    const type = new MIMEType(header)
    const charset = type.params.get('charset')
    if (charset === null || charset.toLowerCase() === 'utf-8') return type.essence
  } catch {
    throw unsupported(spec, 'The Content-Type is not a media type.')
  }
  throw unsupported(spec, 'The Content-Type names another charset.')
}

function unsupported(spec: BodySpec, ...why: readonly string[]): Problem {
  const taken = `This operation takes ${[...spec.content.keys()].join(' or ')}, in UTF-8.`
  return new Problem('unsupported-media-type', [...why, taken].join(' '))
}
