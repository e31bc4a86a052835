import { isObject, type Json } from '../../../src/contract/document/document.ts'
import type { Answer } from '../../support/people.ts'
import { type Draft, valueAt, withValueAt } from './draft.ts'

/** An entry of `errors`, as a program reads it. */
export interface FieldError {
  readonly loc: readonly string[]
  readonly pointer: string
  readonly msg: string
  readonly type: string
  readonly allowed?: readonly string[]
  readonly nearest?: string
  readonly limit?: number
  readonly example?: string
}

/** What only the client can know: its password, its ids, the text it wants to write. By the name of the field. */
export type Own = (name: string, loc: readonly string[]) => Json | undefined

/**
 * Corrects a request by its refusal, knowing nothing else of the contract. Entries about names come last, because a
 * field that is renamed may be the one that is required.
 */
export function obey(draft: Draft, { status, body }: Answer, own: Own): Draft {
  const errors = (body['errors'] ?? []) as readonly FieldError[]
  if (isRefusedByOAuth({ status, body })) return asOAuthSays(draft, body)
  if (status !== 422) return withOwnCredentials(draft, own)
  const isName = ({ type }: FieldError): boolean => type === 'extra_forbidden'
  const inOrder = [...errors.filter((error) => !isName(error)), ...errors.filter(isName).toReversed()]
  return inOrder.reduce((current, error) => correct(current, error, own), draft)
}

/** A 400 of the token endpoint, in the terms of RFC 6749 §5.2. */
export function isRefusedByOAuth({ status, body }: Pick<Answer, 'status' | 'body'>): boolean {
  return status === 400 && ['unsupported_grant_type', 'invalid_scope'].includes(String(body['error']))
}

/** Takes the first value that the words name; without one, leaves the parameter out. */
function asOAuthSays(draft: Draft, { error, detail }: Answer['body']): Draft {
  const name = error === 'invalid_scope' ? 'scope' : 'grant_type'
  return { ...draft, body: withValueAt(draft.body, [name], / of: ([\w:]+)/.exec(String(detail))?.[1]) }
}

function correct(draft: Draft, error: FieldError, own: Own): Draft {
  const [where = '', ...steps] = error.loc
  const name = steps.at(-1) ?? ''
  switch (where) {
    case 'path':
      return { ...draft, path: { ...draft.path, [name]: textOf(repaired(draft.path[name], error, own)) } }
    case 'query':
      return { ...draft, query: inQuery(draft.query, error, own) }
    case 'header': {
      const { [name]: value, ...others } = draft.headers
      const right = repaired(value, error, own)
      return { ...draft, headers: right === undefined ? others : { ...others, [name]: textOf(right) } }
    }
    default:
      return { ...draft, body: inBody(draft.body, steps, error, own) }
  }
}

function inBody(body: Json | undefined, steps: readonly string[], error: FieldError, own: Own): Json | undefined {
  const value = valueAt(body, steps)
  if (error.type !== 'extra_forbidden') return withValueAt(body, steps, repaired(value, error, own))
  const without = withValueAt(body, steps, undefined)
  const renamed = error.nearest === undefined ? undefined : [...steps.slice(0, -1), error.nearest]
  return renamed === undefined || valueAt(body, renamed) !== undefined ? without : withValueAt(without, renamed, value)
}

function inQuery(query: Draft['query'], error: FieldError, own: Own): Draft['query'] {
  const [, name = '', index] = error.loc
  const isMeant = (pair: readonly [string, string], place: number): boolean => {
    const count = query.slice(0, place).filter(([other]) => other === name).length
    return pair[0] === name && (index === undefined || String(count) === index)
  }
  const nearest = error.type === 'extra_forbidden' ? error.nearest : undefined
  if (error.type === 'too_long') {
    const kept = query.filter(([other]) => other === name).slice(0, error.limit)
    return [...query.filter(([other]) => other !== name), ...kept]
  }
  return query.flatMap((pair, place): [string, string][] => {
    if (!isMeant(pair, place)) return [[pair[0], pair[1]]]
    if (nearest !== undefined) return [[nearest, pair[1]]]
    const right = error.type === 'extra_forbidden' ? undefined : repaired(pair[1], error, own)
    return right === undefined ? [] : [[name, textOf(right)]]
  })
}

/** A value that the error allows; undefined where it is to be left out. */
function repaired(value: Json | undefined, error: FieldError, own: Own): Json | undefined {
  const { type, limit = 0, allowed, nearest, example } = error
  const name = error.loc.findLast((step) => !/^\d+$/.test(step)) ?? ''
  switch (type) {
    case 'enum':
    case 'missing':
      return nearest ?? allowed?.[0] ?? own(name, error.loc)
    case 'string_too_short':
      return textOf(value) + 'a'.repeat(Math.max(0, limit - Array.from(textOf(value)).length))
    case 'string_too_long':
      return Array.from(textOf(value)).slice(0, limit).join('')
    case 'too_short':
      return isObject(value)
        ? { ...value, [allowed?.[0] ?? '']: own(allowed?.[0] ?? '', error.loc) ?? null }
        : own(name, error.loc)
    case 'too_long':
      return (value as readonly Json[]).slice(0, limit)
    case 'greater_than_equal':
    case 'less_than_equal':
      return limit
    case 'duplicate_items':
      return [...new Set(value as readonly Json[])]
    case 'boolean_type':
      return example ?? true
    case 'integer_type':
      return example ?? 1
    case 'cursor_invalid':
    case 'read_only':
      return undefined
    default:
      return own(name, error.loc) ?? example
  }
}

/** 401, 404, 409 and 412 are about what only the client knows: it takes what is its own. */
function withOwnCredentials(draft: Draft, own: Own): Draft {
  const names = Object.keys(isObject(draft.body) ? draft.body : {})
  const body = names.reduce<Json | undefined>((current, name) => {
    const value = ['username', 'password', 'refresh_token', 'email'].includes(name)
      ? own(name, ['body', name])
      : undefined
    return value === undefined ? current : withValueAt(current, [name], value)
  }, draft.body)
  const path = Object.fromEntries(
    Object.entries(draft.path).map(([name, value]) => [name, textOf(own(name, ['path', name]) ?? value)]),
  )
  const query = draft.query.map(([name, value]) => [name, textOf(own(name, ['query', name]) ?? value)] as const)
  const { 'If-Match': _, ...headers } = draft.headers
  return { ...draft, body, path, query, headers }
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? '')
}
