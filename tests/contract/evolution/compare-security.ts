import { isObject, type JsonObject, object } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { type Finding, same, reporter } from './changes.ts'

type Requirement = Operation['security'][number]

/** The requirement of a public operation, which every request meets. */
const NOTHING: Requirement = {}

/**
 * Every credential that was accepted must still be accepted. If others are accepted now, the operation is less
 * protected: no client breaks, but the change must be listed as intended.
 */
export function compareSecurity(before: Operation, after: Operation): Finding[] {
  const report = reporter(before.operationId)
  const [were, are] = [before, after].map(({ security }) => (security.length === 0 ? [NOTHING] : security))
  if (were === undefined || are === undefined || same(were, are)) return []
  const text = `${textOf(were)} became ${textOf(are)}`
  const shutOut = were.some((old) => !are.some((now) => admits(now, old)))
  const letIn = are.some((now) => !were.some((old) => admits(old, now)))
  return [
    ...(shutOut ? [report('security-tightened', '', 'major', text)] : []),
    ...(letIn ? [report('security-loosened', '', 'security', text)] : []),
  ]
}

/** Whether a credential that just meets `holder` also meets `requirement`. */
function admits(requirement: Requirement, holder: Requirement): boolean {
  return Object.entries(requirement).every(([scheme, scopes]) => {
    const held = holder[scheme]
    return held !== undefined && scopes.every((scope) => held.includes(scope))
  })
}

function textOf(requirements: readonly Requirement[]): string {
  const one = (requirement: Requirement) =>
    Object.entries(requirement).map(([scheme, scopes]) => `${scheme} [${scopes.join(', ')}]`)
  return requirements
    .map((requirement) => (requirement === NOTHING ? 'public' : one(requirement).join(' and ')))
    .join(' or ')
}

/** Compares security schemes: scopes by name, everything else exactly, because clients were built on it. */
export function compareSchemes(oldRoot: JsonObject, newRoot: JsonObject): Finding[] {
  const [were, are] = [schemesOf(oldRoot), schemesOf(newRoot)]
  const [oldScopes, newScopes] = [scopesOf(were), scopesOf(are)]
  const schemes = Object.keys(were).filter((name) => !same(withoutTexts(were[name]), withoutTexts(are[name])))
  const added = Object.keys(are).filter((name) => were[name] === undefined)
  return [
    ...added.map((name): Finding => ({
      id: `scheme-added ${name}`,
      impact: 'minor',
      text: `the security scheme ${name} is new`,
      names: [name],
    })),
    ...schemes.map((name): Finding => ({
      id: `scheme-changed ${name}`,
      impact: 'major',
      text: `the security scheme ${name} changed`,
      names: [name],
    })),
    ...oldScopes
      .filter((scope) => !newScopes.includes(scope))
      .map((scope): Finding => ({
        id: `scope-removed ${scope}`,
        impact: 'major',
        text: `the scope ${scope} is gone`,
        names: [scope],
      })),
    ...newScopes
      .filter((scope) => !oldScopes.includes(scope))
      .map((scope): Finding => ({
        id: `scope-added ${scope}`,
        impact: 'minor',
        text: `the scope ${scope} is new`,
        names: [scope],
      })),
  ]
}

function schemesOf(root: JsonObject): JsonObject {
  return object(object(root['components'] ?? {})['securitySchemes'] ?? {})
}

function scopesOf(schemes: JsonObject): string[] {
  const flows = Object.values(schemes).flatMap((scheme) => Object.values(object(object(scheme)['flows'] ?? {})))
  return [...new Set(flows.flatMap((flow) => Object.keys(object(object(flow)['scopes'] ?? {}))))]
}

/** Scopes are compared one by one, and descriptions not at all. */
function withoutTexts(value: unknown): unknown {
  if (!isObject(value as never)) return value
  const kept = Object.entries(object(value as never)).filter(
    ([key]) => !['description', 'bearerFormat', 'scopes'].includes(key),
  )
  return Object.fromEntries(kept.map(([key, member]): [string, unknown] => [key, withoutTexts(member)]))
}
