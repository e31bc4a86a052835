import { type FieldError, Problem } from '../../http/problem.ts'
import { type JsonObject, list } from '../document/document.ts'
import type { Pairs } from './parameters.ts'

/** The fields of a form that a request of OAuth may have, by name. */
type Fields = ReadonlyMap<string, JsonObject>

/**
 * The pairs of a form that count by RFC 6749 §3.2: the endpoint ignores parameters that it does not know, and treats
 * one without a value as left out. Throws a 400 for a grant that the contract does not have.
 */
export function oauthPairs(pairs: Pairs, fields: Fields): Pairs {
  const counting = new Map([...pairs].filter(([name, values]) => fields.has(name) && !(values.join('') === '')))
  const known = list(fields.get('grant_type')?.['enum'])
  const [grant, ...others] = counting.get('grant_type') ?? []
  if (grant === undefined || others.length > 0 || known.length === 0 || known.includes(grant)) return counting
  throw new Problem('unsupported-grant-type', `The grant_type must be one of: ${known.map(String).join(', ')}.`)
}

/** Throws the 400 of RFC 6749 §5.2 if the scope is all that is wrong with a form. */
export function refuseScope(errors: readonly FieldError[]): void {
  if (errors.length === 0 || errors.some(({ pointer }) => pointer !== '/scope')) return
  throw new Problem(
    'invalid-scope',
    'The scope must be names of scopes with single spaces between them; without it you get all that you may have.',
  )
}
