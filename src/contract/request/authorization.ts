import { Problem } from '../../http/problem.ts'
import type { Operation } from '../document/operations.ts'
import type { Caller } from '../types.ts'

/** The kind of credential that each security scheme of the contract takes. */
const SCHEMES: Readonly<Record<string, Caller['credential']['kind']>> = { oauth2: 'session', apiKey: 'api_key' }

/** No credential can satisfy an unknown scheme, so the server does not start with one. */
export function refuseUnknownScheme(scheme: string): void {
  if (!Object.hasOwn(SCHEMES, scheme)) throw new Error(`The server does not know the security scheme ${scheme}`)
}

/**
 * Throws a 403 unless one requirement takes this kind of credential and all its scopes are granted (OpenAPI 3.1
 * §4.8.30).
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
