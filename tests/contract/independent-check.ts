import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { type JsonObject, object } from '../../src/contract/document.ts'
import type { Operation } from '../../src/contract/operations.ts'
import { document } from './document-examples.ts'

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

const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false })
addFormats.default(ajv)
ajv.addSchema(document.root, 'contract')
const compiled = new Map<string, ValidateFunction>()

/** What is wrong with a value by the schema at a JSON pointer of the document. */
export function schemaFaults(pointer: string, value: unknown): string[] {
  const reference = `contract#${pointer.split('/').map(encodeURIComponent).join('/')}`
  const validate = compiled.get(pointer) ?? ajv.compile({ $ref: reference })
  compiled.set(pointer, validate)
  return validate(value) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath || 'it'} ${message}`)
}

/**
 * What is wrong with an answer by the document, read and judged here from scratch, so that a fault of
 * src/contract/replies.ts cannot hide itself.
 */
export function answerFaults({ operationId, path, method }: Operation, answer: WireAnswer): string[] {
  const responses = `/paths/${escape(path)}/${method}/responses`
  const documented = lookUp(responses)[String(answer.status)]
  if (documented === undefined) return [`${operationId} does not document ${answer.status}`]
  const [response, pointer] = resolve(object(documented), `${responses}/${answer.status}`)
  const faults = [...contentFaults(response, pointer, answer), ...headerFaults(response, pointer, answer)]
  return faults.map((fault) => `${operationId} ${answer.status}: ${fault}`)
}

function contentFaults(response: JsonObject, pointer: string, { headers, text, isHead }: WireAnswer): string[] {
  const content = object(response['content'] ?? {})
  const type = headers.get('content-type')
  if (Object.keys(content).length === 0) return text === '' && type === null ? [] : ['has a body']
  if (type === null || !(type in content)) return [`has the media type ${type}`]
  return isHead === true ? [] : schemaFaults(`${pointer}/content/${escape(type)}/schema`, JSON.parse(text))
}

function headerFaults(response: JsonObject, pointer: string, { headers }: WireAnswer): string[] {
  const faults: string[] = []
  const known = new Set(BASELINE)
  for (const [name, entry] of Object.entries(object(response['headers'] ?? {}))) {
    known.add(name.toLowerCase())
    const [header, place] = resolve(object(entry), `${pointer}/headers/${escape(name)}`)
    const text = headers.get(name)
    if (text === null) {
      if (header['required'] === true) faults.push(`lacks ${name}`)
      continue
    }
    const isNumber = object(header['schema'])['type'] === 'integer'
    faults.push(...schemaFaults(`${place}/schema`, isNumber ? Number(text) : text).map((fault) => `${name}: ${fault}`))
  }
  return [...faults, ...[...headers.keys()].filter((name) => !known.has(name)).map((name) => `has the undocumented header ${name}`)]
}

function resolve(value: JsonObject, pointer: string): [JsonObject, string] {
  const reference = value['$ref']
  if (typeof reference !== 'string') return [value, pointer]
  return [lookUp(reference.slice(1)), reference.slice(1)]
}

function lookUp(pointer: string): JsonObject {
  const keys = pointer.split('/').slice(1)
  return keys.reduce((value, key) => object(value[key.replaceAll('~1', '/').replaceAll('~0', '~')]), document.root)
}

function escape(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}
