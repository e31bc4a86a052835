import type { Json } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { type Answer, ask, type Person } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { encodeBody } from '../harness/document-examples.ts'
import { answers } from './answers.ts'
import { toText } from './mask.ts'

/** A request as data, so that the requests of an effect differ in one place only. */
export interface Request {
  readonly path?: Readonly<Record<string, string>>
  readonly query?: Readonly<Record<string, Json>>
  readonly header?: Readonly<Record<string, string>>
  readonly body?: Json
}

/** Who sends a request. */
export interface Sender {
  readonly person: Person
  /** The credential of the request, if it is not the person's access token. */
  readonly credential?: string
}

/** Sends the request to the address, with the media type and the credential that its operation documents. */
export async function sendRequest(
  server: TestServer,
  operation: Operation,
  { person, credential = person.accessToken }: Sender,
  request: Request,
  given?: string,
): Promise<Answer> {
  const { method, path, body, security } = operation
  const mediaType = given ?? [...(body?.content.keys() ?? [])][0]
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(request.query ?? {}))
    for (const one of [value].flat()) query.append(name, toText(one))
  const address = path.replace(/\{([^}]+)\}/g, (_, name: string) => request.path?.[name] ?? `no-${name}`)
  const headers = {
    ...(security.length > 0 ? { Authorization: `Bearer ${credential}` } : {}),
    ...(mediaType === undefined || body === undefined ? {} : { 'Content-Type': mediaType }),
    ...request.header,
  }
  const text = body === undefined || mediaType === undefined ? undefined : encodeBody(mediaType, request.body ?? {})
  const answer = await ask(
    server,
    method.toUpperCase(),
    query.size === 0 ? address : `${address}?${query.toString()}`,
    {
      body: text,
      headers,
    },
  )
  answers.add(operation, answer)
  return answer
}

/** The same request with another value in one place, or without that field. */
export function withValue(request: Request, kind: string, keys: readonly string[], value: Json | undefined): Request {
  return replaced(request as Json, [kind, ...keys], value) as Request
}

function replaced(
  target: Json | undefined,
  [key, ...rest]: readonly string[],
  value: Json | undefined,
): Json | undefined {
  if (key === undefined) return value
  if (Array.isArray(target))
    return target.map((item: Json, index) => (String(index) === key ? (replaced(item, rest, value) ?? null) : item))
  const { [key]: old, ...others } = (target ?? {}) as Record<string, Json>
  const now = replaced(old, rest, value)
  return now === undefined ? others : { ...others, [key]: now }
}
