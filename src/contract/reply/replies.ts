import type { ValidateFunction } from 'ajv/dist/2020.js'
import type { OutgoingReply } from '../../http/send.ts'
import type { LifetimeHeaders } from '../document/lifetime.ts'
import { coerce } from '../request/parameters.ts'
import type { Operation, ResponseHeader, ResponseSpec } from '../document/operations.ts'
import type { SchemaCompiler } from '../document/schemas.ts'

interface CompiledResponse {
  readonly content: ReadonlyMap<string, ValidateFunction>
  readonly headers: readonly (ResponseHeader & { readonly validate: ValidateFunction })[]
}

/** What is wrong with a reply by the contract; empty when nothing is. */
export type ReplyCheck = (operationId: string, reply: OutgoingReply) => readonly string[]

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
  return (operationId, reply) => {
    const { lifetime = {}, responses } = byOperation.get(operationId) ?? {}
    const response = responses?.get(reply.status)
    if (response === undefined) return [`${operationId} does not document status ${reply.status}`]
    return [...bodyFaults(response, reply), ...headerFaults(response, lifetime, reply)].map(
      (fault) => `${operationId} ${reply.status}: ${fault}`,
    )
  }
}

function compileResponse(spec: ResponseSpec, schemas: SchemaCompiler): CompiledResponse {
  return {
    content: new Map([...spec.content].map(([type, place]) => [type, schemas.compile(place)])),
    headers: spec.headers.map((header) => ({ ...header, validate: schemas.compile(header.schema) })),
  }
}

function bodyFaults({ content }: CompiledResponse, { body, mediaType }: OutgoingReply): string[] {
  if (content.size === 0) return body === undefined ? [] : ['has a body, but none is documented']
  if (body === undefined) return ['has no body, but one is documented']
  const validate = content.get(mediaType)
  if (validate === undefined) return [`${mediaType} is not documented`]
  if (validate(body)) return []
  // Places and rules only: values may be private, and this goes to the log.
  return (validate.errors ?? []).map(({ instancePath, keyword, params }) => {
    const name: unknown = params['additionalProperty'] ?? params['missingProperty']
    return `body${instancePath} breaks "${keyword}"${typeof name === 'string' ? ` (${name})` : ''}`
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
      spec.headers.map(({ name, required, schema }) => [name, required, schema.pointer]),
    ])
    const known = made.get(key)
    if (known !== undefined) return known
    const value = make(spec)
    made.set(key, value)
    return value
  }
}
