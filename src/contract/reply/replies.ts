import type { ValidateFunction } from 'ajv/dist/2020.js'
import type { OutgoingReply, ServerSentEvent } from '../../http/outgoing.ts'
import type { LifetimeHeaders } from '../document/lifetime.ts'
import { coerce } from '../request/parameters.ts'
import type { Operation, ResponseHeader, ResponseSpec } from '../document/operations.ts'
import type { Place } from '../document/document.ts'
import type { SchemaCompiler } from '../document/schemas.ts'

interface CompiledResponse {
  readonly content: ReadonlyMap<string, ValidateFunction>
  readonly events: ReadonlyMap<string, ValidateFunction> | undefined
  readonly headers: readonly (ResponseHeader & { readonly validate: ValidateFunction })[]
}

/** What is wrong by the contract; empty when nothing is. */
export interface ReplyCheck {
  /** Of a stream: all but its events, before the first of them is sent. */
  readonly reply: (operationId: string, reply: OutgoingReply) => readonly string[]
  readonly event: (operationId: string, event: ServerSentEvent) => readonly string[]
}

/** A reply or an event that does not leave the server, because the contract does not know it. */
export class BrokenReply extends Error {
  constructor(violations: readonly string[]) {
    super(`The reply breaks the contract: ${violations.join('; ')}`)
  }
}

/** Headers of the connection and of the server as a whole, which are no property of an operation. */
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
      return [...bodyFaults(response, reply), ...headerFaults(response, lifetime, reply)].map(
        (fault) => `${operationId} ${reply.status}: ${fault}`,
      )
    },
    event: (operationId, event) => {
      const { events } = byOperation.get(operationId)?.responses.get(200) ?? {}
      return eventFaults(events, event).map((fault) => `${operationId} 200: ${fault}`)
    },
  }
}

function compileResponse(spec: ResponseSpec, schemas: SchemaCompiler): CompiledResponse {
  return {
    content: compileEach(spec.content, schemas),
    events: spec.events === undefined ? undefined : compileEach(spec.events, schemas),
    headers: spec.headers.map((header) => ({ ...header, validate: schemas.compile(header.schema) })),
  }
}

function compileEach(places: ReadonlyMap<string, Place>, schemas: SchemaCompiler): Map<string, ValidateFunction> {
  return new Map([...places].map(([name, place]) => [name, schemas.compile(place)]))
}

function bodyFaults(response: CompiledResponse, reply: OutgoingReply): string[] {
  if (response.content.size === 0) return reply.content === undefined ? [] : ['has a body, but none is documented']
  if (reply.content === undefined) return ['has no body, but one is documented']
  const validate = response.content.get(reply.content.mediaType)
  if (validate === undefined) return [`${reply.content.mediaType} is not documented`]
  const isStream = response.events !== undefined
  if (isStream !== (reply.content.kind === 'events')) return [isStream ? 'is no stream of events' : 'is a stream']
  return reply.content.kind === 'events' ? [] : valueFaults(validate, reply.content.value, 'body')
}

function eventFaults(events: CompiledResponse['events'], { event, id, data }: ServerSentEvent): string[] {
  const validate = events?.get(event)
  if (validate === undefined) return [`the event ${event} is not documented`]
  // Either would begin another field of the stream.
  if (id !== undefined && /[\0\r\n]/.test(id)) return [`the id of an event ${event} is more than one line`]
  return valueFaults(validate, data, event)
}

function valueFaults(validate: ValidateFunction, value: unknown, where: string): string[] {
  if (validate(value)) return []
  // Places and rules only: values may be private, and this goes to the log.
  return (validate.errors ?? []).map(({ instancePath, keyword, params }) => {
    const name: unknown = params['additionalProperty'] ?? params['missingProperty']
    return `${where}${instancePath} breaks "${keyword}"${typeof name === 'string' ? ` (${name})` : ''}`
  })
}

function headerFaults({ headers }: CompiledResponse, lifetime: LifetimeHeaders, reply: OutgoingReply): string[] {
  const given = new Map(Object.entries(reply.headers).filter(([, value]) => value !== undefined))
  const faults: string[] = []
  for (const [name, value] of Object.entries(lifetime)) {
    if (given.get(name) !== value) faults.push(`lacks the ${name} of its operation`)
    given.delete(name)
  }
  for (const { name, required, schema, validate } of headers) {
    const value = given.get(name)
    given.delete(name)
    if (value === undefined) {
      if (required) faults.push(`lacks the header ${name}`)
    } else if (!validate(coerce(String(value), schema.value))) {
      faults.push(`header ${name} breaks "${validate.errors?.[0]?.keyword ?? 'schema'}"`)
    }
  }
  const undocumented = [...given.keys()].filter((name) => !SERVER_HEADERS.has(name.toLowerCase()))
  return [...faults, ...undocumented.map((name) => `header ${name} is not documented`)]
}

/** Components are shared: `#/components/responses/NotFound` is one thing in all operations. */
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
