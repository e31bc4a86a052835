import { isObject, type Json } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { encodeBody } from '../harness/document-examples.ts'
import type { Attempt } from '../operations.ts'

/** A request in parts that a program can correct one by one. */
export interface Draft {
  readonly operation: Operation
  readonly path: Readonly<Record<string, string>>
  readonly query: readonly (readonly [name: string, value: string])[]
  readonly headers: Readonly<Record<string, string>>
  readonly body: Json | undefined
}

const FORM = 'application/x-www-form-urlencoded'

export function toDraft(operation: Operation, { path, headers, body }: Attempt): Draft {
  const url = new URL(path, 'http://server')
  const segments = url.pathname.split('/')
  const names = operation.path.split('/').map((segment) => /^\{(.+)\}$/.exec(segment)?.[1])
  const params = names.flatMap((name, index) => (name === undefined ? [] : [[name, segments[index] ?? ''] as const]))
  const isForm = headers['Content-Type'] === FORM
  const value = body === undefined || body === '' ? undefined : isForm ? formOf(body) : (JSON.parse(body) as Json)
  return { operation, path: Object.fromEntries(params), query: [...url.searchParams], headers, body: value }
}

function formOf(text: string): Json {
  return Object.fromEntries(new URLSearchParams(text))
}

export function toAttempt({ operation, path, query, headers, body }: Draft): Attempt {
  const address = operation.path.replace(/\{([^}]+)\}/g, (_, name: string) => path[name] ?? '')
  const search = new URLSearchParams(query.map(([name, value]): [string, string] => [name, value])).toString()
  return {
    method: operation.method.toUpperCase(),
    path: search === '' ? address : `${address}?${search}`,
    headers,
    body: body === undefined ? undefined : encodeBody(headers['Content-Type'] ?? '', body),
  }
}

/** The value at these steps; undefined if there is none. */
export function valueAt(value: Json | undefined, steps: readonly string[]): Json | undefined {
  return steps.reduce<Json | undefined>((current, key) => {
    if (Array.isArray(current)) return current[Number(key)] as Json | undefined
    return isObject(current) && Object.hasOwn(current, key) ? current[key] : undefined
  }, value)
}

/** A copy with another value at these steps, or without it. */
export function withValueAt(
  value: Json | undefined,
  steps: readonly string[],
  member: Json | undefined,
): Json | undefined {
  const [key, ...rest] = steps
  if (key === undefined) return member
  if (Array.isArray(value)) {
    const items = value as readonly Json[]
    return items.flatMap((item, index) => (String(index) === key ? (withValueAt(item, rest, member) ?? []) : [item]))
  }
  const { [key]: inside, ...others } = isObject(value) ? value : {}
  const changed = withValueAt(inside, rest, member)
  return changed === undefined ? others : { ...others, [key]: changed }
}
