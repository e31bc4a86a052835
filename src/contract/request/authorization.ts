import type { Context } from 'openapi-backend'
import { Problem } from '../../http/problem.ts'
import type { Operation } from '../document/operations.ts'
import type { Caller } from '../types.ts'

/** The security schemes of the contract, by the credential that each one means. */
const SCHEMES: Readonly<Record<string, Caller['credential']['kind']>> = { oauth2: 'session', apiKey: 'api_key' }

/** A scheme that means no credential could never be fulfilled, so the server does not start with one. */
export function refuseUnknownScheme(scheme: string): void {
  if (!Object.hasOwn(SCHEMES, scheme))
    throw new Error(`The security scheme ${scheme} means no credential that is known`)
}

/** Who makes the request, once the security handlers have run; undefined for a public operation. */
export function callerOf(context: Context): Caller | undefined {
  const results = Object.entries(context.security ?? {}).filter(([name]) => name !== 'authorized')
  return results.map(([, result]) => result as Caller).find(Boolean)
}

/**
 * openapi-backend turns whatever a security handler throws into "unauthorized", a database outage too, and lets a bad
 * token pass where one of several requirements is empty. What was thrown is thrown again.
 */
export function rethrowFailure(context: Context): void {
  for (const result of Object.values(context.security ?? {})) {
    if (typeof result === 'object' && result !== null && 'error' in result) throw result.error
  }
}

/** One requirement must accept this kind of credential and find all its scopes (OpenAPI 3.1 §4.8.30). */
export function requireScopes(context: Context, operation: Operation): void {
  if (operation.security.length === 0) return
  const caller = callerOf(context)
  const granted = caller?.scopes ?? []
  const lacking = (scopes: readonly string[]): string[] =>
    scopes.filter((scope) => !granted.some((has) => has === scope))
  const accepts = (requirement: Operation['security'][number]): boolean => {
    return Object.entries(requirement).every(
      ([scheme, scopes]) => SCHEMES[scheme] === caller?.credential.kind && lacking(scopes).length === 0,
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
