import type { Json, JsonObject } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { encodeBody } from '../harness/document-examples.ts'
import type { Attempt } from '../operations.ts'
import { isThing, namingOf } from './cases.ts'
import { samplesOf, type Shape } from './places.ts'

/** A request while it is being filled in, place by place. */
export interface Draft {
  readonly path: Readonly<Record<string, string>>
  readonly query: readonly (readonly [name: string, value: string])[]
  readonly header: Readonly<Record<string, string>>
  readonly body: Json | undefined
}

/**
 * A shape filled in with the document's example, about one thing. What else a path needs has the first value of its
 * schema.
 */
export function draftAbout(operationId: string, shape: Shape, thing: string | undefined): Draft {
  const empty: Draft = { path: {}, query: [], header: {}, body: shape.body }
  return shape.places.reduce((draft, { place, schema }) => {
    if (thing !== undefined && isThing(namingOf(operationId, place))) return withValue(draft, place, thing)
    return place.startsWith('path/') ? withValue(draft, place, samplesOf(schema)[0] ?? '') : draft
  }, empty)
}

/** The request with another value in one of its places. A list gets one item. */
export function withValue(draft: Draft, place: string, value: Json): Draft {
  const [where, ...keys] = place.split('/')
  const [name = ''] = keys
  switch (where) {
    case 'path':
    case 'header':
      return { ...draft, [where]: { ...draft[where], [name]: textOf(value) } }
    case 'query':
      return { ...draft, query: [...draft.query.filter(([given]) => given !== name), [name, textOf(value)]] }
    default:
      return { ...draft, body: replaced(draft.body, keys, value) }
  }
}

/** What stands in a place of a body; of a list, in its first item. */
export function valueAt(body: Json | undefined, place: string): Json | undefined {
  const [, ...keys] = place.split('/')
  return keys.reduce<Json | undefined>((value, key) => memberOf(value, key), body)
}

export function attemptOf(operation: Operation, draft: Draft, method = operation.method.toUpperCase()): Attempt {
  const path = operation.path.replace(/\{([^}]+)\}/g, (_, name: string) => encodeURIComponent(draft.path[name] ?? ''))
  const query = new URLSearchParams(draft.query.map(([name, value]): [string, string] => [name, value])).toString()
  const [mediaType = 'application/json'] = operation.body?.content.keys() ?? []
  const given = draft.body === undefined ? {} : { 'Content-Type': mediaType }
  return {
    method,
    path: query === '' ? path : `${path}?${query}`,
    body: draft.body === undefined ? undefined : encodeBody(mediaType, draft.body),
    // The same in every answer, so that answers can be compared to the byte.
    headers: { ...given, ...draft.header, 'X-Request-Id': 'same' },
  }
}

function replaced(body: Json | undefined, [key, ...rest]: readonly string[], value: Json): Json {
  if (key === undefined) return value
  if (key === '[]') return [replaced(memberOf(body, key), rest, value)]
  return { ...(body as JsonObject | undefined), [key]: replaced(memberOf(body, key), rest, value) }
}

function memberOf(value: Json | undefined, key: string): Json | undefined {
  return (value as JsonObject | undefined)?.[key === '[]' ? '0' : key]
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
