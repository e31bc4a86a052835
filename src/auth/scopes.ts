import { scopes, security, type Scope } from '../../generated/security.ts'
import { type FieldError, Problem } from '../http/problem.ts'

/** Every scope of the contract, as a list separated by spaces. */
export const allScopes: string = scopes.join(' ')

/** The scopes in a space-separated list that the contract knows, in the contract's order. */
export function knownScopes(list: string): Scope[] {
  const words = new Set(list.split(' '))
  return scopes.filter((scope) => words.has(scope))
}

/** The requested scopes, or all available ones if none are named (RFC 6749 §3.3). Throws a 400 for any other scope. */
export function narrowScope(available: string, requested: string | undefined): string {
  const words = (requested ?? '').split(' ').filter((word) => word !== '')
  if (words.length === 0) return available
  const granted = knownScopes(available).filter((scope) => words.includes(scope))
  const refused = words.filter((word) => !granted.some((scope) => scope === word))
  if (refused.length === 0) return granted.join(' ')
  throw new Problem('invalid-scope', `The scope may have any of: ${available}.`)
}

/** A field error for each requested scope that the session does not have. */
export function excessScopes(requested: readonly Scope[], granted: readonly Scope[]): FieldError[] {
  return requested.flatMap((scope, index) => {
    if (granted.includes(scope)) return []
    const msg = 'Is a scope that your session does not have.'
    return [{ loc: ['body', 'scopes', String(index)], pointer: `/scopes/${index}`, msg, type: 'invalid_scope' }]
  })
}

/** The operations that a credential with these scopes may call. */
export function callableOperations(granted: readonly Scope[]): string[] {
  return Object.entries(security).flatMap(([operationId, needed]) => {
    const isCallable = needed === null || needed.every((scope: Scope) => granted.includes(scope))
    return isCallable ? [operationId] : []
  })
}
