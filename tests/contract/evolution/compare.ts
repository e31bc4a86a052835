import { at, type JsonObject, object, type Place } from '../../../src/contract/document/document.ts'
import { type Operation, readOperations } from '../../../src/contract/document/operations.ts'
import { type Change, type Finding, mergeFindings, same, reporter } from './changes.ts'
import { compareBodies } from './compare-bodies.ts'
import { compareLifetime, LIFETIME } from './compare-lifetimes.ts'
import { compareMembers, type Side } from './compare-members.ts'
import { compareNames, compareOperationTags } from './compare-names.ts'
import { compareParameters } from './compare-parameters.ts'
import { compareProblemTypes } from './compare-problems.ts'
import { compareRateLimits } from './compare-rate-limits.ts'
import { compareResponses } from './compare-responses.ts'
import { schemaComparison } from './compare-schemas.ts'
import { compareSchemes, compareSecurity } from './compare-security.ts'

/** The members of an operation besides texts. One that is in no list could mean anything, so its change is breaking. */
const OPERATION = [
  'operationId',
  'tags',
  'parameters',
  'requestBody',
  'responses',
  'security',
  'x-max-body-bytes',
  'x-timeout-seconds',
  'x-oauth',
  'x-rate-limit',
  ...LIFETIME,
] as const
const PATH_ITEM = ['parameters', 'get', 'put', 'post', 'delete', 'patch'] as const

/** Every change from one contract to the next, as its users see it. */
export function compareContracts(oldRoot: JsonObject, newRoot: JsonObject): Change[] {
  const schemas = schemaComparison(oldRoot, newRoot)
  const [were, are] = [readOperations(oldRoot), readOperations(newRoot)]
  const findings: Finding[] = [
    ...compareNames(oldRoot, newRoot),
    ...compareSchemes(oldRoot, newRoot),
    ...compareProblemTypes(oldRoot, newRoot),
  ]
  const paired = new Set<string>()
  for (const before of were) {
    const after =
      are.find((it) => it.operationId === before.operationId) ??
      are.find((it) => it.path === before.path && it.method === before.method)
    const report = reporter(before.operationId)
    if (after === undefined) {
      findings.push(report('operation-removed', '', 'major', `${before.operationId} is gone`))
      continue
    }
    paired.add(after.operationId)
    const [old, now]: [Side, Side] = [
      [oldRoot, before],
      [newRoot, after],
    ]
    const inOperation = [
      ...compareIdentity(before, after),
      ...compareWriting(old, now),
      ...compareSecurity(before, after),
      ...compareRateLimits(old, now),
      ...compareParameters(old, now, schemas),
      ...compareBodies(old, now, schemas),
      ...compareResponses(old, now, schemas),
    ]
    findings.push(...inOperation.map((finding) => ({ ...finding, operation: before.operationId })))
  }
  for (const { operationId } of are.filter((it) => !paired.has(it.operationId))) {
    findings.push(reporter(operationId)('operation-added', '', 'minor', `${operationId} is new`))
  }
  const changes = mergeFindings(findings)
  if (
    changes.length > 0 ||
    same(oldRoot, { ...newRoot, info: { ...object(newRoot['info']), version: object(oldRoot['info'])['version'] } })
  )
    return changes
  return [
    { impact: 'patch', id: 'texts', text: 'descriptions, examples or other texts changed', operations: [], names: [] },
  ]
}

function compareIdentity(before: Operation, after: Operation): Finding[] {
  const report = reporter(before.operationId)
  const [was, is] = [before, after].map(({ method, path }) => `${method.toUpperCase()} ${path}`)
  return [
    ...(before.operationId === after.operationId
      ? []
      : [report('operation-renamed', '', 'major', `it is called ${after.operationId} now`, [after.operationId])]),
    ...(was === is ? [] : [report('address-changed', '', 'major', `${was} became ${is}`)]),
    ...(before.timeoutSeconds === after.timeoutSeconds ? [] : [timeLimit(before, after)]),
    ...(before.body === undefined || before.body.isOAuth === after.body?.isOAuth ? [] : [oauth(before, after)]),
  ]
}

/** An endpoint of OAuth takes parameters that it does not know. */
function oauth({ operationId }: Operation, { body }: Operation): Finding {
  const [impact, is] = body?.isOAuth === true ? (['minor', 'is'] as const) : (['major', 'is no longer'] as const)
  return reporter(operationId)('oauth', '', impact, `it ${is} an endpoint of OAuth`)
}

/** Requests that were done in time may not be any more. */
function timeLimit({ operationId, timeoutSeconds: was }: Operation, { timeoutSeconds: is }: Operation): Finding {
  return reporter(operationId)('time-limit', '', is < was ? 'major' : 'minor', `${was} seconds became ${is}`)
}

/** Compares the members of an operation and of its path. */
function compareWriting([oldRoot, before]: Side, [newRoot, after]: Side): Finding[] {
  const { operationId } = before
  const report = reporter(operationId)
  const [oldPath, newPath] = [pathOf(oldRoot, before), pathOf(newRoot, after)]
  const [was, is] = [at(oldRoot, oldPath, before.method).value, at(newRoot, newPath, after.method).value]
  return [
    ...compareOperationTags(operationId, was, is),
    ...compareLifetime(was, is, (rule, impact, text) => report(rule, '', impact, text)),
    ...compareMembers(was, is, OPERATION, (key) => `operation-member ${operationId} ${key}`),
    ...compareMembers(oldPath.value, newPath.value, PATH_ITEM, (key) => `path-member ${operationId} ${key}`),
  ]
}

function pathOf(root: JsonObject, { path }: Operation): Place {
  return at(root, { pointer: '', value: root }, 'paths', path)
}
