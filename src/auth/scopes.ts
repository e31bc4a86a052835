import { scopes, security, type Scope } from '../../generated/security.ts'
import { type FieldError, validationFailed } from '../http/problem.ts'

/** Every scope of the contract, as a list separated by spaces. */
export const allScopes: string = scopes.join(' ')

/** The scopes in a space-separated list that the contract knows, in the contract's order. */
export function knownScopes(list: string): Scope[] {
  const words = new Set(list.split(' '))
  return scopes.filter((scope) => words.has(scope))
}

/** The scopes asked for, if they may be had; all that may be had when none are named (RFC 6749 §3.3). */
export function narrowScope(available: string, wanted: string | undefined): string {
  const words = (wanted ?? '').split(' ').filter((word) => word !== '')
  if (words.length === 0) return available
  const granted = knownScopes(available).filter((scope) => words.includes(scope))
  const refused = words.filter((word) => !granted.some((scope) => scope === word))
  if (refused.length === 0) return granted.join(' ')
  throw validationFailed([
    { loc: ['body', 'scope'], pointer: '/scope', msg: `May be any of: ${available}.`, type: 'invalid_scope' },
  ])
}

/** What a key asks for beyond the session that makes it. */
export function excessScopes(wanted: readonly Scope[], granted: readonly Scope[]): FieldError[] {
  return wanted.flatMap((scope, index) => {
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
