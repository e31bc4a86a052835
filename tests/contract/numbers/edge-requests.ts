import { at, isObject, type Json } from '../../../src/contract/document/document.ts'
import type { Person } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { document, encodeBody } from '../harness/document-examples.ts'
import { type Attempt, wellFormed } from '../operations.ts'
import { type Bound, sample, withValue } from './edges.ts'

interface Prepared {
  /** Of what a list consists, where the bound is one of a list. */
  readonly item: Json
  /** The request with this value in the place of the bound. */
  readonly attempt: (value: Json) => Attempt
}

/** A request that succeeds, to be sent with another value in the place of the bound. */
export async function prepare(bound: Bound, server: TestServer, person: Person): Promise<Prepared> {
  const { operation, name, in: where } = bound
  const valid = await wellFormed(operation, server, person)
  const url = new URL(valid.path, 'http://server')
  if (where === 'body') return inBody(bound, valid, person)
  if (where === 'header')
    return { item: null, attempt: (value) => ({ ...valid, headers: { ...valid.headers, [name]: textOf(value) } }) }
  if (where === 'path') {
    const segment = operation.path.split('/').indexOf(`{${name}}`)
    return {
      item: null,
      attempt: (value) => ({ ...valid, path: url.pathname.split('/').with(segment, textOf(value)).join('/') }),
    }
  }
  const [parameter = ''] = name.split('/')
  const query = (value: Json): string => {
    const values = Array.isArray(value) ? value.map(textOf) : [textOf(value)]
    return new URLSearchParams(values.map((text): [string, string] => [parameter, text])).toString()
  }
  return { item: 'x', attempt: (value) => ({ ...valid, path: `${url.pathname}?${query(value)}` }) }
}

function inBody({ operation, name, keyword, body }: Bound, valid: Attempt, person: Person): Prepared {
  const [mediaType = '', schema] = [...(operation.body?.content ?? [])][0] ?? []
  const base = personal(body ?? null, parse(mediaType, valid.body ?? ''), person)
  const item =
    keyword === 'minProperties' && schema !== undefined
      ? sample(at(document.root, schema))
      : memberAt(base, `${name}/0`)
  return { item, attempt: (value) => ({ ...valid, body: encodeBody(mediaType, withValue(base, name, value)) }) }
}

/** The body of a bound with what is this person's, which the request that succeeds has. */
function personal(body: Json, valid: Json, person: Person): Json {
  if (Array.isArray(body))
    return body.map((item: Json, index) => personal(item, Array.isArray(valid) ? (valid[index] as Json) : null, person))
  if (!isObject(body)) return body
  const known = isObject(valid) ? valid : {}
  return Object.fromEntries(
    Object.entries(body).map(([name, member]) => {
      if (name === 'refresh_token') return [name, person.refreshToken]
      if (['username', 'password', 'current_password', 'note_id', 'email'].includes(name))
        return [name, known[name] ?? member]
      return [name, personal(member, known[name] ?? null, person)]
    }),
  )
}

function parse(mediaType: string, body: string): Json {
  return mediaType.includes('json') ? (JSON.parse(body) as Json) : Object.fromEntries(new URLSearchParams(body))
}

function memberAt(value: Json, pointer: string): Json {
  const keys = pointer.split('/').slice(1)
  return keys.reduce<Json>((current, key) => {
    if (Array.isArray(current)) return (current[Number(key)] as Json | undefined) ?? null
    return isObject(current) ? (current[key] ?? null) : null
  }, value)
}

/** A value as it stands in a path, a query or a header. */
export function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
