import { decodeJwt } from 'jose'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { isObject } from '../../../src/contract/document/document.ts'
import type { Exchange, Recording } from '../recorder.ts'
import type { LoggedCause, RecordedServer } from '../servers.ts'
import { type Placed, place, textOf } from '../traffic.ts'

export type Fields = Readonly<Record<string, unknown>>

/** Who sent a request, by the credential it came with. Whether that was accepted is for the answer to say. */
export interface Sender {
  readonly userId: string
  readonly kind: 'session' | 'api_key'
  /** Of the session or the key. */
  readonly id: string
  readonly scopes: readonly string[]
}

/** An exchange with an operation of the contract, read for judging. */
export interface Seen {
  readonly exchange: Exchange
  readonly server: RecordedServer
  readonly operation: Operation
  readonly operationId: string
  readonly status: number
  readonly isHead: boolean
  readonly began: number
  readonly ended: number
  readonly path: string
  readonly params: Readonly<Record<string, string>>
  readonly query: URLSearchParams
  readonly asked: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  /** The fields of the request body, of JSON or of a form; empty when there are none. */
  readonly given: Fields
  /** The answer's JSON; undefined when there is none. */
  readonly body: unknown
  /** The same, where it is an object; otherwise empty. */
  readonly answer: Fields
  /** The same, where it is a list or a page of changes; otherwise empty. */
  readonly items: readonly Fields[]
  readonly sender: Sender | undefined
}

/** A recording as invariants judge it. */
export interface Traffic {
  /** In the order in which they were answered. */
  readonly seen: readonly Seen[]
  /** What meets no operation, such as other methods and unknown paths. */
  readonly others: readonly (Placed & { readonly exchange: Exchange })[]
  /** Requests that may have had an effect, though their answers did not arrive. */
  readonly abandoned: readonly Seen[]
  readonly causes: readonly LoggedCause[]
}

export function readTraffic({ exchanges, abandoned, servers, causes }: Recording): Traffic {
  const byId = new Map(servers.map((server) => [server.id, server]))
  const placed = exchanges.map((exchange) => ({ ...place(exchange), exchange }))
  const keys = new Map<string, Sender>()
  const read = (given: Placed & { readonly exchange: Exchange }): Seen[] => {
    const server = byId.get(given.exchange.server)
    if (given.operation === undefined || server === undefined) return []
    return [readOne(given.exchange, given.operation, given.path, server, keys)]
  }
  return {
    seen: placed.flatMap(read),
    others: placed.filter(({ operation }) => operation === undefined),
    abandoned: abandoned.flatMap((exchange) => read({ ...place(exchange), exchange })),
    causes,
  }
}

function readOne(
  exchange: Exchange,
  operation: Operation,
  path: string,
  server: RecordedServer,
  keys: Map<string, Sender>,
): Seen {
  const { requestHeaders: asked, headers, status, began, ended } = exchange
  const body = parsed(exchange.body, headers['content-type'])
  const sender = senderOf(asked['authorization'], keys)
  const answer = isFields(body) ? body : {}
  if (operation.operationId === 'createApiKey' && status === 201 && sender !== undefined) {
    keys.set(String(answer['key']), {
      ...sender,
      kind: 'api_key',
      id: String(answer['id']),
      scopes: strings(answer['scopes']),
    })
  }
  const given = parsed(exchange.requestBody, asked['content-type'])
  return {
    exchange,
    server,
    operation,
    operationId: operation.operationId,
    status,
    isHead: exchange.method === 'HEAD',
    began,
    ended,
    path,
    params: paramsOf(operation.path, path),
    query: new URLSearchParams(exchange.target.split('?').slice(1).join('?')),
    asked,
    headers,
    given: isFields(given) ? given : {},
    body,
    answer,
    items: itemsOf(body).filter(isFields),
    sender,
  }
}

function itemsOf(body: unknown): unknown[] {
  const items = isFields(body) ? body['changes'] : body
  return Array.isArray(items) ? items : []
}

function parsed(latin1: string, type = ''): unknown {
  const text = textOf(latin1)
  if (/form-urlencoded/i.test(type)) return Object.fromEntries(new URLSearchParams(text))
  if (text === '' || !/json/i.test(type)) return undefined
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown
  } catch {
    return undefined // a test sent broken JSON
  }
}

function paramsOf(template: string, path: string): Record<string, string> {
  const parts = path.split('/')
  const names = template.split('/').map((part) => /^\{(.+)\}$/.exec(part)?.[1])
  return Object.fromEntries(names.flatMap((name, index) => (name === undefined ? [] : [[name, parts[index] ?? '']])))
}

function senderOf(authorization: string | undefined, keys: ReadonlyMap<string, Sender>): Sender | undefined {
  const [, credential = ''] = /^Bearer +(\S+)$/i.exec(authorization ?? '') ?? []
  return keys.get(credential) ?? ofToken(credential)
}

/** What an access token says of itself. */
export function ofToken(token: string): Sender | undefined {
  try {
    const { sub, sid, scope } = decodeJwt<{ sid?: string; scope?: string }>(token)
    if (sub === undefined || sid === undefined || scope === undefined) return undefined
    return { userId: sub, kind: 'session', id: sid, scopes: scope.split(' ') }
  } catch {
    return undefined
  }
}

export function isFields(value: unknown): value is Fields {
  return isObject(value as never)
}

export function strings(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

/** Every note in an answer, at whichever place: an object that says whose it is and which version. */
export function notesIn(value: unknown): Fields[] {
  if (Array.isArray(value)) return value.flatMap(notesIn)
  if (!isFields(value)) return []
  if ('owner_id' in value && 'version' in value) return [value]
  return Object.values(value).flatMap(notesIn)
}

export function isSuccess({ status }: Pick<Seen, 'status'>): boolean {
  return status >= 200 && status < 300
}

/** The value of a parameter of the query as the server reads it: as sent, or what the contract fills in. */
export function queryValue({ operation, query }: Seen, name: string): string | undefined {
  const filledIn = operation.parameters.find((parameter) => parameter.in === 'query' && parameter.name === name)?.schema
    .value['default']
  return query.get(name) ?? (filledIn === undefined ? undefined : inWords(filledIn))
}

/** The address of the next page. */
export function nextOf({ headers }: Pick<Seen, 'headers'>): string | undefined {
  return /^<(.+)>; rel="next"$/.exec(headers['link'] ?? '')?.[1]
}

/** The entity tags of a header; `*` stays what it is. */
export function tagsOf(header: string | undefined): string[] {
  return (header ?? '').split(',').flatMap((tag) => (tag.trim() === '' ? [] : [tag.trim()]))
}

/** A moment as microseconds since 1970, so that it can be compared and counted with. */
export function micros(time: unknown): number {
  const [, seconds = '', fraction = ''] = /^(.+?)(?:\.(\d+))?Z$/.exec(String(time)) ?? []
  return Date.parse(`${seconds}Z`) * 1_000 + Number(fraction.padEnd(6, '0'))
}

/** A value of JSON as it stands in an address. */
export function inWords(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
