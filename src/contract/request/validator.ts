import type { ValidateFunction } from 'ajv/dist/2020.js'
import { type FieldError, MAX_FIELD_ERRORS, validationFailed } from '../../http/problem.ts'
import type { AddressOf } from '../../http/public-address.ts'
import { escapeToken, type JsonObject } from '../document/document.ts'
import type { Operation, Parameter } from '../document/operations.ts'
import type { SchemaCompiler } from '../document/schemas.ts'
import { readWords, type Words } from '../document/words.ts'
import { checkBody, type CompiledContent, compileContent, contentOf, withItems } from './content.ts'
import { type EntityTags, readEntityTags } from './entity-tags.ts'
import { toFieldErrors } from './faults.ts'
import { unknown } from './messages.ts'
import { headerOf, type IncomingRequest } from './incoming.ts'
import { nextLink } from './next-link.ts'
import { coerce, coercePairs, decodeParams, parsePairs, shorten } from './parameters.ts'

/** The validated parts of a request, as handlers receive them. */
export interface RequestParts {
  readonly path: Record<string, unknown>
  readonly query: Record<string, unknown>
  readonly headers: Record<string, unknown>
  readonly body: unknown
  readonly ifMatch: EntityTags | undefined
  readonly ifNoneMatch: EntityTags | undefined
  readonly nextPage: (cursor: string) => string
}

/** Makes the parts of a request, or throws a Problem: 400, 415 or 422. */
export type RequestReader = (
  operation: Operation,
  incoming: Pick<IncomingRequest, 'query' | 'headers'>,
  sent: { readonly encodedParams: Readonly<Record<string, string>>; readonly body: Buffer | undefined },
  addressOf: AddressOf,
) => RequestParts

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

/** Compiles the checks of requests, for every media type. */
export function compileRequestReader(
  operations: readonly Operation[],
  root: JsonObject,
  schemas: SchemaCompiler,
): RequestReader {
  const words = readWords(root)
  const requests = new Map(
    operations.map((operation) => [operation.operationId, compileRequest(operation, root, schemas)]),
  )
  return (operation, incoming, sent, addressOf) => {
    const compiled = requests.get(operation.operationId)
    if (compiled === undefined) throw new Error(`No validators for ${operation.operationId}`)
    const content =
      operation.body === undefined || sent.body === undefined
        ? undefined
        : contentOf(incoming, operation.body, compiled.body)
    const path = readPath(compiled, decodeParams(sent.encodedParams))
    const pairs = parsePairs(incoming.query, 'address')
    const { values: query, errors: repeated } = coercePairs(pairs, compiled.querySchemas, 'query')
    const headers = readHeaders(compiled, incoming)
    const { body, errors: bodyErrors } = checkBody(sent.body, content, operation.body?.required ?? false, words)
    const headerErrors = checkParameters(compiled.header, headers, words)
    const ifMatch = readEntityTags(headers, 'If-Match')
    const ifNoneMatch = readEntityTags(headers, 'If-None-Match')
    // One error for each value: what is no header of the contract is no list of tags either.
    const tagErrors = [...ifMatch.errors, ...ifNoneMatch.errors].filter(
      ({ pointer }) => !headerErrors.some((error) => error.pointer === pointer),
    )
    const errors = [
      ...checkParameters(compiled.path, path, words),
      ...repeated,
      ...unknownNames(query, compiled.querySchemas),
      ...checkParameters(compiled.query, query, words),
      ...headerErrors,
      ...tagErrors,
      ...bodyErrors,
    ]
    if (errors.length > 0) throw validationFailed(errors)
    const nextPage = (cursor: string): string =>
      nextLink(operation.path, path, { pairs, limit: query['limit'] }, cursor, addressOf)
    return { path, query, headers, body, ifMatch: ifMatch.tags, ifNoneMatch: ifNoneMatch.tags, nextPage }
  }
}

function readPath({ path }: CompiledRequest, params: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(path.map(({ name, schema }) => [name, coerce(params[name] ?? '', schema.value)]))
}

function readHeaders({ header }: CompiledRequest, incoming: Pick<IncomingRequest, 'headers'>): Record<string, unknown> {
  const headers: Record<string, unknown> = {}
  for (const { name, schema } of header) {
    const value = headerOf(incoming, name)
    if (value !== undefined) headers[name] = coerce(value, schema.value)
  }
  return headers
}

function compileRequest(operation: Operation, root: JsonObject, schemas: SchemaCompiler): CompiledRequest {
  const parameters = operation.parameters.map((parameter) => ({
    ...parameter,
    validate: schemas.compile(parameter.schema),
  }))
  const query = parameters.filter((parameter) => parameter.in === 'query')
  return {
    path: parameters.filter((parameter) => parameter.in === 'path'),
    query,
    header: parameters.filter((parameter) => parameter.in === 'header'),
    querySchemas: new Map(query.map(({ name, schema }) => [name, withItems(schema, root)])),
    body: compileContent(operation.body, root, schemas),
  }
}

function checkParameters(
  parameters: readonly CompiledParameter[],
  values: Record<string, unknown>,
  words: Words,
): FieldError[] {
  const errors: FieldError[] = []
  for (const { name, in: where, required, validate, example } of parameters) {
    const value = values[name]
    if (value === undefined) {
      if (required) errors.push({ loc: [where, name], pointer: `/${name}`, msg: 'Is required.', type: 'missing' })
    } else if (!validate(value, within(values, name))) {
      errors.push(...toFieldErrors(validate.errors ?? [], { where: [where, name], isText: true, example }, words))
    }
  }
  return errors
}

/** Tells a check where its value is, so that it can put the canonical form of an id or a time there. */
function within(values: Record<string, unknown>, name: string) {
  return { instancePath: '', parentData: values, parentDataProperty: name, rootData: values, dynamicAnchors: {} }
}

function unknownNames(values: Record<string, unknown>, known: ReadonlyMap<string, unknown>): FieldError[] {
  const names = Object.keys(values).filter((name) => !known.has(name))
  const none = { msg: 'Is not known here. This operation has no query parameters.', type: 'extra_forbidden' }
  return names.slice(0, MAX_FIELD_ERRORS + 1).map((name) => {
    const short = shorten(name)
    return {
      loc: ['query', short],
      pointer: `/${escapeToken(short)}`,
      ...(known.size === 0 ? none : unknown(name, [...known.keys()])),
    }
  })
}
