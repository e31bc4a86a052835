import { MIMEType } from 'node:util'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import { OpenAPIValidator } from 'openapi-backend'
import { type FieldError, Problem } from '../http/problem.ts'
import { list, object, string, type JsonObject, type Place } from './document.ts'
import { toFieldErrors } from './faults.ts'
import { decodeUtf8, parseJson } from './json-body.ts'
import type { BodySpec, Operation, Parameter } from './operations.ts'
import { coerce, coercePairs, parsePairs, shorten } from './parameters.ts'
import type { ContractRouter, Incoming } from './router.ts'
import type { SchemaCompiler } from './schemas.ts'

/** The validated parts of a request, as handlers receive them. */
export interface RequestParts {
  readonly path: Record<string, unknown>
  readonly query: Record<string, unknown>
  readonly headers: Record<string, unknown>
  readonly body: unknown
}

interface CompiledParameter extends Parameter {
  readonly validate: ValidateFunction
}

interface CompiledRequest {
  readonly path: readonly CompiledParameter[]
  readonly query: readonly CompiledParameter[]
  readonly header: readonly CompiledParameter[]
  readonly querySchemas: ReadonlyMap<string, JsonObject>
  readonly body: ReadonlyMap<string, { readonly validate: ValidateFunction; readonly fields: ReadonlyMap<string, JsonObject> }>
}

/**
 * Holds requests to the contract, whatever media type they come in. openapi-backend's validator looks only at
 * application/json, never compares Content-Type, and ignores the formats of its draft-07 Ajv.
 */
export class ContractValidator extends OpenAPIValidator {
  readonly #requests: ReadonlyMap<string, CompiledRequest>
  readonly #router: ContractRouter

  constructor(router: ContractRouter, operations: readonly Operation[], root: JsonObject, schemas: SchemaCompiler) {
    super({ definition: router.definition, router, lazyCompileValidators: true })
    this.#router = router
    const compiled = operations.map((operation) => [operation.operationId, compileRequest(operation, root, schemas)] as const)
    this.#requests = new Map(compiled)
  }

  /** Throws a 400 or 415 for what cannot be read; answers the faults of what can. */
  check(incoming: Incoming, operation: Operation): { readonly parts: RequestParts; readonly faults: readonly FieldError[] } {
    const compiled = this.#requests.get(operation.operationId)
    if (compiled === undefined) throw new Error(`No validators for ${operation.operationId}`)
    const faults: FieldError[] = []

    const path: Record<string, unknown> = {}
    const texts = this.#router.pathParameters(incoming.path)
    for (const parameter of compiled.path) {
      path[parameter.name] = coerce(texts[parameter.name] ?? '', parameter.schema.value)
    }
    faults.push(...checkParameters(compiled.path, path))

    const { values: query, faults: repeated } = coercePairs(parsePairs(incoming.query, 'address'), compiled.querySchemas, 'query')
    faults.push(...repeated, ...unknownNames(query, compiled.querySchemas), ...checkParameters(compiled.query, query))

    const headers: Record<string, unknown> = {}
    for (const { name, schema } of compiled.header) {
      const value = incoming.headers[name.toLowerCase()]
      if (value !== undefined) headers[name] = coerce(String(value), schema.value)
    }
    faults.push(...checkParameters(compiled.header, headers))

    const { body, faults: bodyFaults } = operation.body === undefined ? noBody : checkBody(incoming, operation.body, compiled.body)
    return { parts: { path, query, headers, body }, faults: [...faults, ...bodyFaults] }
  }

  /** What openapi-backend calls: `errors` non-null sends the request to validationFail. */
  override validateRequest(...[request, operation]: Parameters<OpenAPIValidator['validateRequest']>): never {
    const id = typeof operation === 'string' ? operation : operation?.operationId
    const { parts, faults } = this.check(request as Incoming, this.#router.contractOperation(id))
    return { valid: faults.length === 0, errors: faults.length === 0 ? null : faults, coerced: parts } as never
  }
}

const noBody = { body: undefined, faults: [] }

function compileRequest(operation: Operation, root: JsonObject, schemas: SchemaCompiler): CompiledRequest {
  const parameters = operation.parameters.map((parameter) => ({ ...parameter, validate: schemas.compile(parameter.schema) }))
  const query = parameters.filter((parameter) => parameter.in === 'query')
  const content = [...(operation.body?.content ?? [])].map(([mediaType, place]) => {
    return [mediaType, { validate: schemas.compile(place), fields: fieldsOf(place, root) }] as const
  })
  return {
    path: parameters.filter((parameter) => parameter.in === 'path'),
    query,
    header: parameters.filter((parameter) => parameter.in === 'header'),
    querySchemas: new Map(query.map(({ name, schema }) => [name, schema.value])),
    body: new Map(content),
  }
}

/** The property schemas of a form, those of all its alternatives together: what its text values are coerced by. */
function fieldsOf(place: Place, root: JsonObject): Map<string, JsonObject> {
  const alternatives = list(place.value['oneOf']).map((entry) => {
    const name = string(object(entry)['$ref']).replace('#/components/schemas/', '')
    return object(object(object(root['components'])['schemas'])[name])
  })
  const schemas = alternatives.length > 0 ? alternatives : [place.value]
  const properties = schemas.flatMap((schema) => Object.entries(object(schema['properties'] ?? {})))
  return new Map(properties.map(([name, schema]) => [name, object(schema)]))
}

function checkParameters(parameters: readonly CompiledParameter[], values: Record<string, unknown>): FieldError[] {
  const faults: FieldError[] = []
  for (const { name, in: where, required, validate } of parameters) {
    const value = values[name]
    if (value === undefined) {
      if (required) faults.push({ loc: [where, name], pointer: `/${name}`, msg: 'Is required.', type: 'missing' })
    } else if (!validate(value)) {
      faults.push(...toFieldErrors(validate.errors ?? [], [where, name]))
    }
  }
  return faults
}

function unknownNames(values: Record<string, unknown>, known: ReadonlyMap<string, unknown>): FieldError[] {
  const unknown = Object.keys(values)
    .filter((name) => !known.has(name))
    .map(shorten)
  return unknown.map((name) => ({ loc: ['query', name], pointer: `/${name}`, msg: 'Is not known here.', type: 'extra_forbidden' }))
}

function checkBody(
  incoming: Incoming,
  spec: BodySpec,
  compiled: CompiledRequest['body'],
): { body: unknown; faults: readonly FieldError[] } {
  if (incoming.body === undefined) {
    if (!spec.required) return noBody
    return { body: undefined, faults: [{ loc: ['body'], pointer: '', msg: 'Is required.', type: 'missing' }] }
  }
  const mediaType = mediaTypeOf(incoming.headers['content-type'], spec)
  const content = compiled.get(mediaType)
  if (content === undefined) throw unsupported(spec)
  let body: unknown
  if (mediaType === 'application/x-www-form-urlencoded') {
    const { values, faults } = coercePairs(parsePairs(decodeUtf8(incoming.body), 'form'), content.fields, 'body')
    if (faults.length > 0) return { body: undefined, faults }
    body = values
  } else {
    body = parseJson(incoming.body)
  }
  return { body, faults: content.validate(body) ? [] : toFieldErrors(content.validate.errors ?? [], ['body']) }
}

/** The essence of a Content-Type. JSON and forms are UTF-8; another charset is another media type to us. */
function mediaTypeOf(header: string | string[] | undefined, spec: BodySpec): string {
  try {
    const type = new MIMEType(String(header ?? ''))
    const charset = type.params.get('charset')
    if (charset === null || charset.toLowerCase() === 'utf-8') return type.essence
  } catch {
    // Not a media type at all.
  }
  throw unsupported(spec)
}

function unsupported(spec: BodySpec): Problem {
  return new Problem('unsupported-media-type', `This operation takes ${[...spec.content.keys()].join(' or ')}, in UTF-8.`)
}
