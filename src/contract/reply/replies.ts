import type { ValidateFunction } from 'ajv/dist/2020.js'
import type { OutgoingReply, ServerSentEvent } from '../../http/outgoing.ts'
import type { LifetimeHeaders } from '../document/lifetime.ts'
import { coerce } from '../request/parameters.ts'
import type { Operation, ResponseHeader, ResponseSpec } from '../document/operations.ts'
import type { Place } from '../document/document.ts'
import type { SchemaCompiler } from '../document/schemas.ts'

interface CompiledContent {
  readonly validate: ValidateFunction
  /** Of an array. */
  readonly maxItems: number
}

interface CompiledResponse {
  readonly content: ReadonlyMap<string, CompiledContent>
  readonly events: ReadonlyMap<string, ValidateFunction> | undefined
  readonly headers: readonly (ResponseHeader & { readonly validate: ValidateFunction })[]
}

/** Returns contract violations; none if the list is empty. */
export interface ReplyCheck {
  /** For a stream: checks all but its events or items, before the first one is sent. */
  readonly reply: (operationId: string, reply: OutgoingReply) => readonly string[]
  readonly event: (operationId: string, event: ServerSentEvent) => readonly string[]
  /** Checks an item of an array that is sent item by item; `place` counts from 1. */
  readonly item: (operationId: string, status: number, item: unknown, place: number) => readonly string[]
}

/** A reply or an event that is not sent, because it breaks the contract. */
export class BrokenReply extends Error {
  constructor(violations: readonly string[]) {
    super(`The reply breaks the contract: ${violations.join('; ')}`)
  }
}

export function refuseViolations(violations: readonly string[]): void {
  if (violations.length > 0) throw new BrokenReply(violations)
}

/** Headers of the connection, which no operation documents. */
const SERVER_HEADERS: ReadonlySet<string> = new Set(['connection'])

/**
 * Compiles the check of replies: status, media type, body and headers. openapi-backend's own calls an undocumented
 * status valid, and a body where none is documented.
 */
export function compileReplyCheck(operations: readonly Operation[], schemas: SchemaCompiler): ReplyCheck {
  const compileOnce = memoize((spec: ResponseSpec) => compileResponse(spec, schemas))
  const byOperation = new Map(
    operations.map(({ operationId, responses, lifetime }) => {
      return [
        operationId,
        { lifetime, responses: new Map([...responses].map(([status, spec]) => [status, compileOnce(spec)])) },
      ]
    }),
  )
  return {
    reply: (operationId, reply) => {
      const { lifetime = {}, responses } = byOperation.get(operationId) ?? {}
      const response = responses?.get(reply.status)
      if (response === undefined) return [`${operationId} does not document status ${reply.status}`]
      return [...bodyViolations(response, reply), ...headerViolations(response, lifetime, reply)].map(
        (violation) => `${operationId} ${reply.status}: ${violation}`,
      )
    },
    event: (operationId, event) => {
      const { events } = byOperation.get(operationId)?.responses.get(200) ?? {}
      return eventViolations(events, event).map((violation) => `${operationId} 200: ${violation}`)
    },
    item: (operationId, status, item, place) => {
      const array = byOperation.get(operationId)?.responses.get(status)?.content.get('application/json')
      return itemViolations(array, item, place).map((violation) => `${operationId} ${status}: ${violation}`)
    },
  }
}

function compileResponse(spec: ResponseSpec, schemas: SchemaCompiler): CompiledResponse {
  return {
    content: new Map([...spec.content].map(([type, place]) => [type, compileContent(place, schemas)])),
    events: spec.events === undefined ? undefined : compileEach(spec.events, schemas),
    headers: spec.headers.map((header) => ({ ...header, validate: schemas.compile(header.schema) })),
  }
}

function compileContent(place: Place, schemas: SchemaCompiler): CompiledContent {
  const { maxItems } = place.value
  return { validate: schemas.compile(place), maxItems: typeof maxItems === 'number' ? maxItems : Infinity }
}

function compileEach(places: ReadonlyMap<string, Place>, schemas: SchemaCompiler): Map<string, ValidateFunction> {
  return new Map([...places].map(([name, place]) => [name, schemas.compile(place)]))
}

function bodyViolations(response: CompiledResponse, reply: OutgoingReply): string[] {
  if (response.content.size === 0) return reply.content === undefined ? [] : ['has a body, but none is documented']
  if (reply.content === undefined) return ['has no body, but one is documented']
  const compiled = response.content.get(reply.content.mediaType)
  if (compiled === undefined) return [`${reply.content.mediaType} is not documented`]
  const isStream = response.events !== undefined
  if (isStream !== (reply.content.kind === 'events')) return [isStream ? 'is not an event stream' : 'is a stream']
  if (reply.content.kind === 'events') return []
  // Without its items, an array is an empty one.
  return valueViolations(compiled.validate, reply.content.kind === 'items' ? [] : reply.content.value, 'body')
}

function eventViolations(events: CompiledResponse['events'], { event, id, data }: ServerSentEvent): string[] {
  const validate = events?.get(event)
  if (validate === undefined) return [`the event ${event} is not documented`]
  // A line break begins another field, and clients ignore an id with U+0000 (HTML Standard §9.2.6).
  if (id !== undefined && /[\0\r\n]/.test(id)) return [`the id of an event ${event} has a line break or U+0000`]
  return valueViolations(validate, data, event)
}

function itemViolations(array: CompiledContent | undefined, item: unknown, place: number): string[] {
  if (array === undefined) return ['is no documented array']
  if (place > array.maxItems) return ['body breaks "maxItems"']
  return valueViolations(array.validate, [item], 'body')
}

function valueViolations(validate: ValidateFunction, value: unknown, where: string): string[] {
  if (validate(value)) return []
  // Only places and rules: values may be private, and violations are logged.
  return (validate.errors ?? []).map(({ instancePath, keyword, params }) => {
    const name: unknown = params['additionalProperty'] ?? params['missingProperty']
    return `${where}${instancePath} breaks "${keyword}"${typeof name === 'string' ? ` (${name})` : ''}`
  })
}

function headerViolations({ headers }: CompiledResponse, lifetime: LifetimeHeaders, reply: OutgoingReply): string[] {
  const given = new Map(Object.entries(reply.headers).filter(([, value]) => value !== undefined))
  const violations: string[] = []
  for (const [name, value] of Object.entries(lifetime)) {
    if (given.get(name) !== value) violations.push(`lacks the ${name} of its operation`)
    given.delete(name)
  }
  for (const { name, required, schema, validate } of headers) {
    const value = given.get(name)
    given.delete(name)
    if (value === undefined) {
      if (required) violations.push(`lacks the header ${name}`)
    } else if (!validate(coerce(String(value), schema.value))) {
      violations.push(`header ${name} breaks "${validate.errors?.[0]?.keyword ?? 'schema'}"`)
    }
  }
  const undocumented = [...given.keys()].filter((name) => !SERVER_HEADERS.has(name.toLowerCase()))
  return [...violations, ...undocumented.map((name) => `header ${name} is not documented`)]
}

/** Compiles a response once that several operations share, such as `#/components/responses/NotFound`. */
function memoize<V>(make: (key: ResponseSpec) => V): (key: ResponseSpec) => V {
  const made = new Map<string, V>()
  return (spec) => {
    const key = JSON.stringify([
      [...spec.content].map(([type, { pointer }]) => [type, pointer]),
      [...(spec.events ?? [])].map(([name, { pointer }]) => [name, pointer]),
      spec.headers.map(({ name, required, schema }) => [name, required, schema.pointer]),
    ])
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make(spec)
    made.set(key, value)
    return value
  }
}
