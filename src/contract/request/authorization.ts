import { Problem } from '../../http/problem.ts'
import type { Operation } from '../document/operations.ts'
import type { Caller } from '../types.ts'

/** The security schemes of the contract, by the credential that each one means. */
const SCHEMES: Readonly<Record<string, Caller['credential']['kind']>> = { oauth2: 'session', apiKey: 'api_key' }

/** No credential could ever satisfy a scheme that we do not know, so the server does not start with one. */
export function refuseUnknownScheme(scheme: string): void {
  if (!Object.hasOwn(SCHEMES, scheme)) throw new Error(`The security scheme ${scheme} is not one that the server knows`)
}

/**
 * Throws a 403 unless one requirement takes this kind of credential and finds all its scopes (OpenAPI 3.1 §4.8.30).
 */
export function requireScopes(operation: Operation, caller: Caller): void {
  const granted = caller.scopes
  const lacking = (scopes: readonly string[]): string[] =>
    scopes.filter((scope) => !granted.some((has) => has === scope))
  const accepts = (requirement: Operation['security'][number]): boolean => {
    return Object.entries(requirement).every(
      ([scheme, scopes]) => SCHEMES[scheme] === caller.credential.kind && lacking(scopes).length === 0,
    )
  }
  if (operation.security.some(accepts)) return
  const [wanted = []] = operation.security.map((requirement) => Object.values(requirement).flat())
  const missing = lacking(wanted).length > 0 ? lacking(wanted) : wanted
  throw new Problem('insufficient-scope', 'The credential lacks a scope that this operation needs.', {
    members: { missing_scopes: missing, granted_scopes: granted },
    headers: {
      'WWW-Authenticate': `Bearer realm="notes-api", error="insufficient_scope", scope="${missing.join(' ')}"`,
    },
  })
}
