import { MIMEType } from 'node:util'
import type { ValidateFunction } from 'ajv/dist/2020.js'
import { OpenAPIValidator } from 'openapi-backend'
import { type FieldError, Problem } from '../../http/problem.ts'
import { at, escapeToken, list, object, type JsonObject, type Place } from '../document/document.ts'
import { toFieldErrors } from './faults.ts'
import { decodeUtf8, parseJson } from './json-body.ts'
import type { BodySpec, Operation, Parameter } from '../document/operations.ts'
import { coerce, coercePairs, parsePairs, shorten } from './parameters.ts'
import type { ContractRouter, Incoming } from '../router.ts'
import type { SchemaCompiler } from '../document/schemas.ts'

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
  readonly body: ReadonlyMap<string, CompiledContent>
}

interface CompiledContent {
  readonly validate: ValidateFunction
  /** What text values are coerced by; only a form has them. */
  readonly fields: ReadonlyMap<string, JsonObject> | undefined
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
    const compiled = operations.map(
      (operation) => [operation.operationId, compileRequest(operation, root, schemas)] as const,
    )
    this.#requests = new Map(compiled)
  }

  /** Throws a 400 or 415 for what cannot be read; answers the faults of what can. */
  check(
    incoming: Incoming,
    operation: Operation,
  ): { readonly parts: RequestParts; readonly faults: readonly FieldError[] } {
    const compiled = this.#requests.get(operation.operationId)
    if (compiled === undefined) throw new Error(`No validators for ${operation.operationId}`)
    const faults: FieldError[] = []
    const content =
      operation.body === undefined || incoming.body === undefined
        ? undefined
        : contentOf(incoming, operation.body, compiled)

    const path: Record<string, unknown> = {}
    const texts = this.#router.pathParameters(incoming.path)
    for (const parameter of compiled.path) {
      path[parameter.name] = coerce(texts[parameter.name] ?? '', parameter.schema.value)
    }
    faults.push(...checkParameters(compiled.path, path))

    const { values: query, faults: repeated } = coercePairs(
      parsePairs(incoming.query, 'address'),
      compiled.querySchemas,
      'query',
    )
    faults.push(...repeated, ...unknownNames(query, compiled.querySchemas), ...checkParameters(compiled.query, query))

    const headers: Record<string, unknown> = {}
    for (const { name, schema } of compiled.header) {
      const value = incoming.headers[name.toLowerCase()]
      if (value !== undefined) headers[name] = coerce(String(value), schema.value)
    }
    faults.push(...checkParameters(compiled.header, headers))

    const { body, faults: bodyFaults } = checkBody(incoming.body, content, operation.body?.required ?? false)
    return { parts: { path, query, headers, body }, faults: [...faults, ...bodyFaults] }
  }

  /** What openapi-backend calls: `errors` non-null sends the request to validationFail. */
  override validateRequest(...[request, operation]: Parameters<OpenAPIValidator['validateRequest']>): never {
    const id = typeof operation === 'string' ? operation : operation?.operationId
    const { parts, faults } = this.check(request as Incoming, this.#router.contractOperation(id))
    return { valid: faults.length === 0, errors: faults.length === 0 ? null : faults, coerced: parts } as never
  }
}

const FORM = 'application/x-www-form-urlencoded'
const noBody = { body: undefined, faults: [] }

function compileRequest(operation: Operation, root: JsonObject, schemas: SchemaCompiler): CompiledRequest {
  const parameters = operation.parameters.map((parameter) => ({
    ...parameter,
    validate: schemas.compile(parameter.schema),
  }))
  const query = parameters.filter((parameter) => parameter.in === 'query')
  const content = [...(operation.body?.content ?? [])].map(([mediaType, place]) => {
    return [
      mediaType,
      { validate: schemas.compile(place), fields: mediaType === FORM ? fieldsOf(place, root) : undefined },
    ] as const
  })
  return {
    path: parameters.filter((parameter) => parameter.in === 'path'),
    query,
    header: parameters.filter((parameter) => parameter.in === 'header'),
    querySchemas: new Map(query.map(({ name, schema }) => [name, withItems(schema, root)])),
    body: new Map(content),
  }
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
function withItems(schema: Place, root: JsonObject): JsonObject {
  return 'items' in schema.value ? { ...schema.value, items: at(root, schema, 'items').value } : schema.value
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
  return unknown.map((name) => ({
    loc: ['query', name],
    pointer: `/${escapeToken(name)}`,
    msg: 'Is not known here.',
    type: 'extra_forbidden',
  }))
}

/** What the Content-Type of a body selects; a 415 when the contract has nothing of the kind. */
function contentOf(incoming: Incoming, spec: BodySpec, compiled: CompiledRequest): CompiledContent {
  const content = compiled.body.get(mediaTypeOf(incoming.headers['content-type'], spec))
  if (content === undefined) throw unsupported(spec)
  return content
}

function checkBody(
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
  return new Problem(
    'unsupported-media-type',
    `This operation takes ${[...spec.content.keys()].join(' or ')}, in UTF-8.`,
  )
}
