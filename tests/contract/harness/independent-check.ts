import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { isObject, type Json, type JsonObject, object, string } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { document } from './document-examples.ts'
import { isOpenEnum } from '../evolution/compare-schemas.ts'

/** A reply as it went over the wire. */
export interface WireAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Whether it is for HEAD, and so has only the headers of a body (RFC 9110 §9.3.2). */
  readonly isHead?: boolean
}

/** Headers that every reply may have, whatever its operation: those of the connection and of the whole server. */
const BASELINE: ReadonlySet<string> = new Set([
  'access-control-allow-origin',
  'access-control-expose-headers',
  'cache-control',
  'connection',
  'content-length',
  'content-security-policy',
  'content-type',
  'cross-origin-resource-policy',
  'date',
  'keep-alive',
  'referrer-policy',
  'transfer-encoding',
  'vary',
  'x-content-type-options',
])

/** Checks values and replies against a document, as a client of it would. */
export interface IndependentCheck {
  readonly schemaFaults: (pointer: string, value: unknown) => string[]
  readonly answerFaults: (operation: Pick<Operation, 'operationId' | 'path' | 'method'>, reply: WireAnswer) => string[]
}

/** The check by the document on disk. */
export const { schemaFaults, answerFaults } = independentCheck(document.root)

/**
 * Finds contract violations with code of its own, so that a bug in src/contract/reply/replies.ts cannot hide itself.
 * `tolerant`: later additions are ignored, as the document asks its clients to do.
 */
export function independentCheck(root: JsonObject, { tolerant = false } = {}): IndependentCheck {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false })
  addFormats.default(ajv)
  // It has no check for addresses in any script. That one can be read as an address is all that this one asks.
  ajv.addFormat('idn-email', /^.+@[^\s@]+$/u)
  ajv.addSchema(object(tolerant ? opened(root) : root), 'contract')
  const compiled = new Map<string, ValidateFunction>()

  /** Violations of the schema at a JSON pointer of the document. */
  function violationsOfSchema(pointer: string, value: unknown): string[] {
    const reference = `contract#${pointer.split('/').map(encodeURIComponent).join('/')}`
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: reference })
    compiled.set(pointer, validate)
    return validate(value)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath || 'it'} ${message}`)
  }

  function violationsOfReply(
    { operationId, path, method }: Pick<Operation, 'operationId' | 'path' | 'method'>,
    reply: WireAnswer,
  ): string[] {
    const responses = `/paths/${escape(path)}/${method}/responses`
    const documented = lookUp(responses)[String(reply.status)]
    if (documented === undefined) return [`${operationId} does not document ${reply.status}`]
    const [response, pointer] = resolve(object(documented), `${responses}/${reply.status}`)
    const dates = lifetimeOf(lookUp(`/paths/${escape(path)}/${method}`))
    const violations = [
      ...contentViolations(response, pointer, reply),
      ...headerViolations(response, pointer, reply, dates),
    ]
    return violations.map((violation) => `${operationId} ${reply.status}: ${violation}`)
  }

  function contentViolations(response: JsonObject, pointer: string, { headers, text, isHead }: WireAnswer): string[] {
    const content = object(response['content'] ?? {})
    const type = headers.get('content-type')
    if (Object.keys(content).length === 0) return text === '' && type === null ? [] : ['has a body']
    if (type === null || !(type in content)) return [`has the media type ${type}`]
    if (isHead === true) return []
    const place = `${pointer}/content/${escape(type)}`
    return type === 'text/event-stream'
      ? [...violationsOfSchema(`${place}/schema`, text), ...eventViolations(place, text)]
      : violationsOfSchema(`${place}/schema`, JSON.parse(text))
  }

  /** Checks each event by the schema in `x-events`. The client may have left in the middle of the last one. */
  function eventViolations(place: string, text: string): string[] {
    const known = lookUp(`${place}/x-events`)
    return text
      .split('\n\n')
      .slice(0, -1)
      .filter((block) => block !== ':')
      .flatMap((block) => {
        const [, name = '', id = '', data] = /^event: (\w+)\n(?:id: ([^\n]*)\n)?data: ([^\n]*)$/.exec(block) ?? []
        if (data === undefined) return [`sends what is no event of one name and one line of data`]
        if (!Object.hasOwn(known, name)) return tolerant ? [] : [`sends an undocumented event ${name}`]
        if (id === '' && name !== 'end') return [`sends an event ${name} without an id to go on from`]
        const schema = object(known[name])
        const [, pointer] = resolve(schema, `${place}/x-events/${name}`)
        return violationsOfSchema(pointer, JSON.parse(data)).map((violation) => `event ${name}: ${violation}`)
      })
  }

  function headerViolations(
    response: JsonObject,
    pointer: string,
    { headers }: WireAnswer,
    dates: Readonly<Record<string, string>>,
  ): string[] {
    const violations = Object.entries(dates).flatMap(([name, value]) =>
      headers.get(name) === value ? [] : [`lacks the right ${name}`],
    )
    const known = new Set([...BASELINE, ...Object.keys(dates).map((name) => name.toLowerCase())])
    for (const [name, entry] of Object.entries(object(response['headers'] ?? {}))) {
      known.add(name.toLowerCase())
      const [header, place] = resolve(object(entry), `${pointer}/headers/${escape(name)}`)
      const text = headers.get(name)
      if (text === null) {
        if (header['required'] === true) violations.push(`lacks ${name}`)
        continue
      }
      const isNumber = object(header['schema'])['type'] === 'integer'
      violations.push(
        ...violationsOfSchema(`${place}/schema`, isNumber ? Number(text) : text).map(
          (violation) => `${name}: ${violation}`,
        ),
      )
    }
    if (tolerant) return violations
    return [
      ...violations,
      ...[...headers.keys()].filter((name) => !known.has(name)).map((name) => `has the undocumented header ${name}`),
    ]
  }

  function resolve(value: JsonObject, pointer: string): [JsonObject, string] {
    const reference = value['$ref']
    if (typeof reference !== 'string') return [value, pointer]
    return [lookUp(reference.slice(1)), reference.slice(1)]
  }

  function lookUp(pointer: string): JsonObject {
    const keys = pointer.split('/').slice(1)
    return keys.reduce((value, key) => object(value[key.replaceAll('~1', '/').replaceAll('~0', '~')]), root)
  }

  return { schemaFaults: violationsOfSchema, answerFaults: violationsOfReply }
}

/** The headers of every reply of a deprecated operation (RFC 9745 §2.1, RFC 8594 §3). */
function lifetimeOf(operation: JsonObject): Readonly<Record<string, string>> {
  if (operation['deprecated'] !== true) return {}
  const [since, sunset] = ['x-deprecated-since', 'x-sunset'].map((name) => Date.parse(string(operation[name], name)))
  return { Deprecation: `@${Number(since) / 1000}`, Sunset: new Date(Number(sunset)).toUTCString() }
}

/** A copy in which replies may have undocumented fields, and lists that may grow may have unknown values. */
function opened(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => opened(item))
  if (!isObject(value)) return value
  const kept = Object.entries(value).filter(([key, member]) => {
    return !(key === 'additionalProperties' && member === false) && !(key === 'enum' && isOpenEnum(value))
  })
  return Object.fromEntries(kept.map(([key, member]) => [key, opened(member)]))
}

function escape(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
