import type { Operation } from '../../src/contract/document/operations.ts'
import type { ObservedExchange } from './observe.ts'
import { operations } from '../contract/harness/document-examples.ts'
import { answerFaults, type WireAnswer } from '../contract/harness/independent-check.ts'

/** An exchange with the operation that it is one of, found here from the document and not by our router. */
export interface Placed {
  readonly exchange: ObservedExchange
  readonly path: string
  /** undefined where the path is unknown, or has other methods. */
  readonly operation: Operation | undefined
  readonly isKnownPath: boolean
}

const templates = [...new Set(operations.map(({ path }) => path))]
  .map((path) => ({ path, matches: new RegExp(`^${path.replace(/\{[^}]+\}/g, '[^/]+')}$`) }))
  // A path without parameters comes before one that would take its last part for an id (OpenAPI 3.1 §4.8.8.2).
  .toSorted((a, b) => a.path.split('{').length - b.path.split('{').length)

export function place(exchange: ObservedExchange): Placed {
  // A trailing slash is accepted, says info.description, and so are ids in upper case.
  const path = pathOf(exchange.target)
    .replace(/(.)\/$/, '$1')
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi, (id) => id.toLowerCase())
  const template = templates.find(({ matches }) => matches.test(path))
  const method = exchange.method === 'HEAD' ? 'get' : exchange.method.toLowerCase()
  const operation = operations.find((candidate) => candidate.path === template?.path && candidate.method === method)
  return { exchange, path, operation, isKnownPath: template !== undefined }
}

/** The path of a target, which may be a whole address (RFC 9112 §3.2.2). */
function pathOf(target: string): string {
  const [path = ''] = target.replace(/^https?:\/\/[^/?]*/i, '').split('?')
  return path === '' ? '/' : path
}

/** What the server answers outside the contract, and where that is decided: docs/decisions/0002. */
const PAGES = /^\/($|docs$|docs\/assets\/|redoc$|openapi\.(yaml|json)$|problems(\/|$))/

/** What is wrong with an answer by the document: nothing that is not documented may have been seen. */
export function contractViolations({ exchange, operation, path, isKnownPath }: Placed): string[] {
  const { method, status } = exchange
  if (operation !== undefined) return answerFaults(operation, answerOf(exchange))
  const isReal = isKnownPath
    ? isOtherMethod(exchange)
    : isPage(path, status) || isProblem(exchange, 404, 'not-found') || isWithoutPath(exchange)
  return isReal ? [] : [`${method} ${path} is not documented and answers ${status}`]
}

function isPage(path: string, status: number): boolean {
  return PAGES.test(path) && (status === 200 || status === 304)
}

/** `OPTIONS *`, and a target that is no address at all. */
function isWithoutPath(exchange: ObservedExchange): boolean {
  const { target, method, status, body, headers } = exchange
  if (target !== '*') return false
  const isOfServer = method === 'OPTIONS' && status === 204 && body === '' && headers['allow'] !== undefined
  return isOfServer || isProblem(exchange, 400, 'malformed-request')
}

/** The promise of info.description for what is no operation: 405 with Allow, OPTIONS answers it too. */
function isOtherMethod(exchange: ObservedExchange): boolean {
  const isPreflight = exchange.headers['access-control-allow-methods'] !== undefined
  const allows = exchange.headers['allow'] !== undefined || isPreflight
  if (exchange.method === 'OPTIONS') return exchange.status === 204 && exchange.body === '' && allows
  return allows && isProblem(exchange, 405, 'method-not-allowed')
}

function isProblem({ method, status, headers, body }: ObservedExchange, expected: number, slug: string): boolean {
  const isRight = status === expected && headers['content-type'] === 'application/problem+json'
  return isRight && (method === 'HEAD' || (JSON.parse(textOf(body)) as { type: string }).type === `/problems/${slug}`)
}

export function answerOf({ status, headers, body, method }: ObservedExchange): WireAnswer {
  return { status, headers: new Headers(headers), text: textOf(body), isHead: method === 'HEAD' }
}

function eventNames({ body }: ObservedExchange): string[] {
  return [...new Set([...body.matchAll(/^event: (\w+)$/gm)].map(([, name = '']) => name))]
}

/** Recorded bytes as the UTF-8 that they are. */
export function textOf(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString('utf8')
}

/** Everything the document promises that an exchange can show, each as a line. */
export function documented(): Set<string> {
  return new Set(
    operations.flatMap((operation) => {
      const { operationId, responses, parameters, body } = operation
      const answers = [...responses].flatMap(([status, { content, events, headers }]) => [
        `${operationId} ${status}`,
        ...[...(events?.keys() ?? [])].map((name) => `${operationId} ${status} event ${name}`),
        ...[...content.keys()].map((mediaType) => `${operationId} ${status} ${mediaType}`),
        ...headers.map(({ name }) => `${operationId} ${status} header ${name.toLowerCase()}`),
      ])
      const questions = [
        ...[...(body?.content.keys() ?? [])].map((mediaType) => `${operationId} takes ${mediaType}`),
        ...parameters.map((parameter) => `${operationId} takes ${parameter.in} ${parameter.name.toLowerCase()}`),
      ]
      return [...answers, ...questions]
    }),
  )
}

/** What an exchange shows of that. A parameter or a body counts where the request succeeded with it. */
export function shown({ exchange, operation }: Placed): string[] {
  if (operation === undefined) return []
  const { operationId } = operation
  const { status, headers, requestHeaders, target } = exchange
  const answer = `${operationId} ${status}`
  const answers = [
    answer,
    ...(headers['content-type'] === undefined ? [] : [`${answer} ${headers['content-type']}`]),
    ...Object.keys(headers).map((name) => `${answer} header ${name}`),
    ...(headers['content-type'] === 'text/event-stream'
      ? eventNames(exchange).map((name) => `${answer} event ${name}`)
      : []),
  ]
  if (status >= 400) return answers
  const query = [...new URLSearchParams(target.split('?')[1] ?? '').keys()]
  const mediaType = requestHeaders['content-type']?.split(';')[0]?.toLowerCase()
  return [
    ...answers,
    ...(mediaType === undefined ? [] : [`${operationId} takes ${mediaType}`]),
    ...operation.parameters
      .filter((parameter) => parameter.in === 'path')
      .map(({ name }) => `${operationId} takes path ${name}`),
    ...query.map((name) => `${operationId} takes query ${name.toLowerCase()}`),
    ...Object.keys(requestHeaders).map((name) => `${operationId} takes header ${name}`),
  ]
}
