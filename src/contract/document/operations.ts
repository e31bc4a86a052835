import { at, list, object, string, type Json, type JsonObject, type Place } from './document.ts'
import { type LifetimeHeaders, readLifetime } from './lifetime.ts'
import { type OperationCost, readCost } from './rate-limits.ts'

/** One operation of the contract, with its references resolved. */
export interface Operation {
  readonly operationId: string
  readonly method: string
  readonly path: string
  /** Scopes by security scheme. A caller must satisfy one of the entries; without entries, the operation is public. */
  readonly security: readonly Readonly<Record<string, readonly string[]>>[]
  readonly parameters: readonly Parameter[]
  readonly body: BodySpec | undefined
  readonly responses: ReadonlyMap<number, ResponseSpec>
  /** Deprecation headers, for every reply, failures included. */
  readonly lifetime: LifetimeHeaders
  /** What a request costs; undefined if the contract limits no requests. */
  readonly cost: OperationCost | undefined
  /** How long the handler may take; for a stream, also how long its client may leave events unread. */
  readonly timeoutSeconds: number
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required: boolean
  readonly schema: Place
  /** An example of its value, as text. */
  readonly example: string | undefined
}

export interface BodySpec {
  readonly required: boolean
  readonly maxBytes: number
  readonly content: ReadonlyMap<string, Place>
  /** Whether the operation is an endpoint of OAuth 2.0 (`x-oauth`). */
  readonly isOAuth: boolean
}

export interface ResponseSpec {
  readonly content: ReadonlyMap<string, Place>
  /** For a stream of server-sent events: the schema of `data`, by the name of the event. */
  readonly events: ReadonlyMap<string, Place> | undefined
  readonly headers: readonly ResponseHeader[]
}

export interface ResponseHeader {
  readonly name: string
  readonly required: boolean
  readonly schema: Place
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch'] as const
const DEFAULT_TIMEOUT_SECONDS = 30
const MAX_TIMEOUT_SECONDS = 3_600
/** Methods of OpenAPI that the dispatcher handles by itself or not at all. */
const OTHER_METHODS = ['head', 'options', 'trace', 'query'] as const
const DEFAULT_MAX_BODY_BYTES = 2 * 1024 * 1024
const EVENT_STREAM = 'text/event-stream'

/** Reads all operations. Throws if one has a part that we cannot enforce: no server is better than a lax one. */
export function readOperations(root: JsonObject): Operation[] {
  const operations: Operation[] = []
  const paths = at(root, { pointer: '', value: root }, 'paths')
  for (const path of Object.keys(paths.value)) {
    const item = at(root, paths, path)
    const other = OTHER_METHODS.find((name) => name in item.value)
    if (other !== undefined) throw new Error(`${other} ${path} cannot be served`)
    for (const method of METHODS.filter((name) => name in item.value)) {
      operations.push(readOperation(root, item, path, method))
    }
  }
  const ids = operations.map(({ operationId }) => operationId)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined) throw new Error(`Two operations are called ${twice}`)
  return operations
}

function readOperation(root: JsonObject, item: Place, path: string, method: string): Operation {
  const place = at(root, item, method)
  const operationId = place.value['operationId']
  if (typeof operationId !== 'string') throw new Error(`${method} ${path} has no operationId`)
  return {
    operationId,
    method,
    path,
    security: readSecurity(root, place.value['security'], operationId),
    parameters: [...readParameters(root, item), ...readParameters(root, place)],
    body: 'requestBody' in place.value ? readBodySpec(root, place) : undefined,
    responses: readResponses(root, place),
    lifetime: readLifetime(place.value, operationId),
    cost: readCost(root, place.value, operationId),
    timeoutSeconds: readTimeout(place.value['x-timeout-seconds'] ?? root['x-timeout-seconds'], operationId),
  }
}

/** Contracts before 1.1.0 do not state the timeout; the default is what the server kept to then. */
function readTimeout(value: Json | undefined, operationId: string): number {
  if (value === undefined) return DEFAULT_TIMEOUT_SECONDS
  if (typeof value === 'number' && value >= 1 && value <= MAX_TIMEOUT_SECONDS) return value
  throw new Error(`${operationId}: x-timeout-seconds must be a number from 1 to ${MAX_TIMEOUT_SECONDS}`)
}

/** An operation without `security` of its own is a mistake, not a public operation. */
function readSecurity(root: JsonObject, value: Json | undefined, operationId: string): Operation['security'] {
  if (!Array.isArray(value)) throw new Error(`${operationId} does not state its security; use [] for a public one`)
  const declared = Object.keys(object(object(root['components'] ?? {})['securitySchemes'] ?? {}))
  return list(value).map((requirement) => {
    const entries = Object.entries(object(requirement)).map(
      ([scheme, scopes]) => [scheme, list(scopes).map((scope) => string(scope))] as const,
    )
    const undeclared = entries.find(([scheme]) => !declared.includes(scheme))
    if (undeclared !== undefined)
      throw new Error(`${operationId} names an undeclared security scheme: ${undeclared[0]}`)
    if (entries.length === 0)
      throw new Error(`${operationId} has an empty security requirement, which lets bad tokens in`)
    return Object.fromEntries(entries)
  })
}

function readParameters(root: JsonObject, place: Place): Parameter[] {
  return list(place.value['parameters']).map((_, index) => {
    const parameter = at(root, place, 'parameters', String(index))
    const { required, example } = parameter.value
    const name = string(parameter.value['name'])
    const where = string(parameter.value['in'])
    if (where !== 'path' && where !== 'query' && where !== 'header') throw new Error(`Parameter ${name}: in ${where}`)
    const text = typeof example === 'string' ? example : JSON.stringify(example)
    return { name, in: where, required: required === true, schema: at(root, parameter, 'schema'), example: text }
  })
}

function readBodySpec(root: JsonObject, operation: Place): BodySpec {
  const body = at(root, operation, 'requestBody')
  return {
    required: body.value['required'] === true,
    maxBytes: Number(operation.value['x-max-body-bytes'] ?? DEFAULT_MAX_BODY_BYTES),
    content: readContent(root, body),
    isOAuth: operation.value['x-oauth'] === true,
  }
}

function readContent(root: JsonObject, place: Place): Map<string, Place> {
  if (!('content' in place.value)) return new Map()
  const types = Object.keys(at(root, place, 'content').value)
  return new Map(types.map((type) => [type, at(root, place, 'content', type, 'schema')]))
}

function readResponses(root: JsonObject, operation: Place): Map<number, ResponseSpec> {
  const statuses = Object.keys(at(root, operation, 'responses').value)
  return new Map(
    statuses.map((status) => {
      const response = at(root, operation, 'responses', status)
      const names = 'headers' in response.value ? Object.keys(at(root, response, 'headers').value) : []
      const headers = names.map((name) => {
        const header = at(root, response, 'headers', name)
        return { name, required: header.value['required'] === true, schema: at(root, header, 'schema') }
      })
      const content = readContent(root, response)
      return [Number(status), { content, events: readEvents(root, response, content, status), headers }]
    }),
  )
}

/** The events of a stream. OpenAPI 3.1 cannot describe them (3.2 has `itemSchema`), so the contract has `x-events`. */
function readEvents(
  root: JsonObject,
  response: Place,
  content: ResponseSpec['content'],
  status: string,
): ResponseSpec['events'] {
  if (!content.has(EVENT_STREAM)) return undefined
  if (content.size > 1) throw new Error(`${response.pointer} is an event stream and something else`)
  if (status !== '200') throw new Error(`${response.pointer} is an event stream, but only a 200 can be one`)
  const events = at(root, response, 'content', EVENT_STREAM, 'x-events')
  // The server itself ends streams with it.
  if (!('end' in events.value)) throw new Error(`${response.pointer} is an event stream without the event "end"`)
  return new Map(Object.keys(events.value).map((name) => [name, at(root, events, name)]))
}
