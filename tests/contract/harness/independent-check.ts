import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { isObject, type Json, type JsonObject, object, string } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { document } from './document-examples.ts'
import { isOpenEnum } from '../evolution/compare-schemas.ts'

/** An answer as it went over the wire. */
export interface WireAnswer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** Whether it answers HEAD, and so has the headers of a body only (RFC 9110 §9.3.2). */
  readonly isHead?: boolean
}

/** What every answer may carry whatever its operation: headers of the connection and of the server as a whole. */
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

/** What a client of the document makes of the server's answers. */
export interface IndependentCheck {
  readonly schemaFaults: (pointer: string, value: unknown) => string[]
  readonly answerFaults: (operation: Pick<Operation, 'operationId' | 'path' | 'method'>, answer: WireAnswer) => string[]
}

/** By the document as it stands on disk. */
export const { schemaFaults, answerFaults } = independentCheck(document.root)

/**
 * What is wrong with answers by a document, read and judged here from scratch, so that a fault of
 * src/contract/reply/replies.ts cannot hide itself. `tolerant`: what came later is ignored, as the document asks its clients to.
 */
export function independentCheck(root: JsonObject, { tolerant = false } = {}): IndependentCheck {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false })
  addFormats.default(ajv)
  ajv.addSchema(object(tolerant ? opened(root) : root), 'contract')
  const compiled = new Map<string, ValidateFunction>()

  /** What is wrong with a value by the schema at a JSON pointer of the document. */
  function faultsBySchema(pointer: string, value: unknown): string[] {
    const reference = `contract#${pointer.split('/').map(encodeURIComponent).join('/')}`
    const validate = compiled.get(pointer) ?? ajv.compile({ $ref: reference })
    compiled.set(pointer, validate)
    return validate(value)
      ? []
      : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath || 'it'} ${message}`)
  }

  function faultsOfAnswer(
    { operationId, path, method }: Pick<Operation, 'operationId' | 'path' | 'method'>,
    answer: WireAnswer,
  ): string[] {
    const responses = `/paths/${escape(path)}/${method}/responses`
    const documented = lookUp(responses)[String(answer.status)]
    if (documented === undefined) return [`${operationId} does not document ${answer.status}`]
    const [response, pointer] = resolve(object(documented), `${responses}/${answer.status}`)
    const dates = lifetimeOf(lookUp(`/paths/${escape(path)}/${method}`))
    const faults = [...contentFaults(response, pointer, answer), ...headerFaults(response, pointer, answer, dates)]
    return faults.map((fault) => `${operationId} ${answer.status}: ${fault}`)
  }

  function contentFaults(response: JsonObject, pointer: string, { headers, text, isHead }: WireAnswer): string[] {
    const content = object(response['content'] ?? {})
    const type = headers.get('content-type')
    if (Object.keys(content).length === 0) return text === '' && type === null ? [] : ['has a body']
    if (type === null || !(type in content)) return [`has the media type ${type}`]
    if (isHead === true) return []
    const place = `${pointer}/content/${escape(type)}`
    return type === 'text/event-stream'
      ? [...faultsBySchema(`${place}/schema`, text), ...eventFaults(place, text)]
      : faultsBySchema(`${place}/schema`, JSON.parse(text))
  }

  /** Each event by the schema that `x-events` has for its name. A client may have left in the midst of the last one. */
  function eventFaults(place: string, text: string): string[] {
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
        return faultsBySchema(pointer, JSON.parse(data)).map((fault) => `event ${name}: ${fault}`)
      })
  }

  function headerFaults(
    response: JsonObject,
    pointer: string,
    { headers }: WireAnswer,
    dates: Readonly<Record<string, string>>,
  ): string[] {
    const faults = Object.entries(dates).flatMap(([name, value]) =>
      headers.get(name) === value ? [] : [`lacks the right ${name}`],
    )
    const known = new Set([...BASELINE, ...Object.keys(dates).map((name) => name.toLowerCase())])
    for (const [name, entry] of Object.entries(object(response['headers'] ?? {}))) {
      known.add(name.toLowerCase())
      const [header, place] = resolve(object(entry), `${pointer}/headers/${escape(name)}`)
      const text = headers.get(name)
      if (text === null) {
        if (header['required'] === true) faults.push(`lacks ${name}`)
        continue
      }
      const isNumber = object(header['schema'])['type'] === 'integer'
      faults.push(
        ...faultsBySchema(`${place}/schema`, isNumber ? Number(text) : text).map((fault) => `${name}: ${fault}`),
      )
    }
    if (tolerant) return faults
    return [
      ...faults,
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

  return { schemaFaults: faultsBySchema, answerFaults: faultsOfAnswer }
}

/** What every answer of a deprecated operation says (RFC 9745 §2.1, RFC 8594 §3). */
function lifetimeOf(operation: JsonObject): Readonly<Record<string, string>> {
  if (operation['deprecated'] !== true) return {}
  const [since, sunset] = ['x-deprecated-since', 'x-sunset'].map((name) => Date.parse(string(operation[name], name)))
  return { Deprecation: `@${Number(since) / 1000}`, Sunset: new Date(Number(sunset)).toUTCString() }
}

/** A copy in which replies may have more fields than documented, and lists that were announced to grow may have grown. */
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
