import {
  at,
  isObject,
  type Json,
  type JsonObject,
  list,
  object,
  type Place,
  string,
} from '../../contract/document/document.ts'
import type { Operation, ResponseSpec } from '../../contract/document/operations.ts'
import { SAMPLE_ADDRESS } from '../../docs/public-contract.ts'

/** One request as a reader would make it, built from the examples of the document. */
export interface SampleRequest {
  /** The name of the request example; undefined for an operation without a body. */
  readonly example: string | undefined
  readonly method: string
  readonly path: string
  readonly query: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly needsToken: boolean
  readonly body: { readonly mediaType: string; readonly value: JsonObject } | undefined
  readonly answers: 'json' | 'events' | 'nothing'
}

/**
 * Optional parameters that the samples show anyway, because a careful client sends them: they prevent overwriting and
 * repetition, and keep a list short. Others would only change what the reader sees.
 */
const ALWAYS_SHOWN: ReadonlySet<string> = new Set(['If-Match', 'Idempotency-Key', 'limit'])

/** A request for each example of the body, in its first media type; one for an operation without a body. */
export function sampleRequests(root: JsonObject, operation: Operation): SampleRequest[] {
  const item = at(root, { pointer: '', value: root }, 'paths', operation.path)
  const place = at(root, item, operation.method)
  const parameters = [...parametersOf(root, item), ...parametersOf(root, place)].filter(({ value }) => isShown(value))
  const valuesIn = (where: string): Record<string, string> =>
    Object.fromEntries(
      parameters
        .filter(({ value }) => value['in'] === where)
        .map(({ value }) => [string(value['name']), exampleOf(value)]),
    )
  const success = [...operation.responses].find(([status]) => status >= 200 && status < 300)
  const request = {
    method: operation.method.toUpperCase(),
    path: fillIn(operation.path, valuesIn('path')),
    query: valuesIn('query'),
    headers: valuesIn('header'),
    needsToken: operation.security.length > 0,
    answers: answersOf(success?.[1]),
  }
  if (operation.body === undefined) return [{ ...request, example: undefined, body: undefined }]
  const [mediaType = ''] = operation.body.content.keys()
  const examples = at(root, place, 'requestBody', 'content', mediaType, 'examples').value
  return Object.entries(examples).map(([example, content]) => ({
    ...request,
    example,
    body: { mediaType, value: object(object(content)['value'], `the example ${example} of ${operation.operationId}`) },
  }))
}

function answersOf(success: ResponseSpec | undefined): SampleRequest['answers'] {
  if (success?.events !== undefined) return 'events'
  return (success?.content.size ?? 0) > 0 ? 'json' : 'nothing'
}

export function urlOf({ path, query }: SampleRequest): string {
  const pairs = new URLSearchParams(query).toString()
  return `${SAMPLE_ADDRESS}${path}${pairs === '' ? '' : `?${pairs}`}`
}

/** The fields of a form as text. */
export function formOf(value: JsonObject): [name: string, text: string][] {
  return Object.entries(value).map(([name, member]) => [
    name,
    typeof member === 'string' ? member : JSON.stringify(member),
  ])
}

export const FORM = 'application/x-www-form-urlencoded'

/** How a language writes a JSON value. */
export interface Style {
  readonly leaf: (value: Json) => string
  readonly key: (name: string) => string
  readonly indent: string
  /** Between a brace and what follows it on the same line. */
  readonly pad: string
  /** After the last member of a value on several lines. */
  readonly comma: string
}

const SHORT = 60

/** A value on several lines; a short one without nested values stays on one line. */
export function layOut(value: Json, style: Style): string {
  if (!Array.isArray(value) && !isObject(value)) return style.leaf(value)
  const [open, close, pad] = Array.isArray(value) ? ['[', ']', ''] : ['{', '}', style.pad]
  const members = Object.entries(value).map(([name, member]: [string, Json]) => {
    return `${Array.isArray(value) ? '' : `${style.key(name)}: `}${layOut(member, style)}`
  })
  const line = `${open}${pad}${members.join(', ')}${pad}${close}`
  const nests = Object.values(value).some((member: Json) => typeof member === 'object' && member !== null)
  if (!nests && line.length <= SHORT) return line
  const lines = members.map((member) => `${style.indent}${member.replaceAll('\n', `\n${style.indent}`)}`)
  return `${open}\n${lines.join(',\n')}${style.comma}\n${close}`
}

function parametersOf(root: JsonObject, place: Place): Place[] {
  return list(place.value['parameters']).map((_, index) => at(root, place, 'parameters', String(index)))
}

function isShown(parameter: JsonObject): boolean {
  return parameter['required'] === true || ALWAYS_SHOWN.has(string(parameter['name']))
}

function exampleOf({ name, example }: JsonObject): string {
  if (typeof example !== 'string' && typeof example !== 'number')
    throw new Error(`The parameter ${string(name)} has no example to show`)
  return String(example)
}

function fillIn(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{([^}]+)\}/g, (_, name: string) =>
    encodeURIComponent(string(values[name], `the example of ${name}`)),
  )
}
