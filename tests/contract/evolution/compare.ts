import { at, type Json, type JsonObject, object, type Place } from '../../../src/contract/document.ts'
import { type Operation, type Parameter, readOperations } from '../../../src/contract/operations.ts'
import { type Change, type Finding, mergeFindings, same, shown, teller } from './changes.ts'
import { type CompareSchemas, schemaComparison } from './compare-schemas.ts'
import { compareResponses } from './compare-responses.ts'
import { compareSchemes, compareSecurity } from './compare-security.ts'

/** What else an operation may hold. A member that is in none of the lists could mean anything, and counts as breaking. */
const COMPARED = new Set([
  'operationId',
  'parameters',
  'requestBody',
  'responses',
  'security',
  'deprecated',
  'x-deprecated-since',
  'x-sunset',
  'x-max-body-bytes',
])
const TEXTS = new Set(['tags', 'summary', 'description', 'externalDocs'])
const ROOT_COMPARED = new Set(['info', 'paths', 'components', 'tags', 'x-tagGroups', 'externalDocs'])

/** Everything that changed from one contract to the next, as those see it who use the API. */
export function compareContracts(oldRoot: JsonObject, newRoot: JsonObject): Change[] {
  const schemas = schemaComparison(oldRoot, newRoot)
  const [were, are] = [readOperations(oldRoot), readOperations(newRoot)]
  const findings: Finding[] = [
    ...compareRoots(oldRoot, newRoot),
    ...compareSchemes(oldRoot, newRoot),
    ...compareSchemaNames(oldRoot, newRoot),
  ]
  const paired = new Set<string>()
  for (const before of were) {
    const after =
      are.find((it) => it.operationId === before.operationId) ?? are.find((it) => it.path === before.path && it.method === before.method)
    const tell = teller(before.operationId)
    if (after === undefined) {
      findings.push(tell('operation-removed', '', 'major', `${before.operationId} is gone`))
      continue
    }
    paired.add(after.operationId)
    const [oldPlace, newPlace] = [placeOf(oldRoot, before), placeOf(newRoot, after)]
    const inOperation = [
      ...compareIdentity(before, after),
      ...compareLifetime(before, oldPlace, newPlace),
      ...compareSecurity(before, after),
      ...compareParameters(oldRoot, newRoot, before, after, schemas),
      ...compareBodies(before, after, schemas),
      ...compareResponses(before, after, schemas),
      ...compareMembers(oldPlace, newPlace, [...COMPARED, ...TEXTS], (key) => `operation-member ${before.operationId} ${key}`),
    ]
    findings.push(...inOperation.map((finding) => ({ ...finding, operation: before.operationId })))
  }
  for (const { operationId } of are.filter((it) => !paired.has(it.operationId))) {
    findings.push(teller(operationId)('operation-added', '', 'minor', `${operationId} is new`))
  }
  const changes = mergeFindings(findings)
  if (
    changes.length > 0 ||
    same(oldRoot, { ...newRoot, info: { ...object(newRoot['info']), version: object(oldRoot['info'])['version'] } })
  )
    return changes
  return [{ impact: 'patch', id: 'texts', text: 'descriptions, examples or other texts changed', operations: [], names: [] }]
}

function compareIdentity(before: Operation, after: Operation): Finding[] {
  const tell = teller(before.operationId)
  const [was, is] = [before, after].map(({ method, path }) => `${method.toUpperCase()} ${path.replaceAll(/\{[^}]+\}/g, '{}')}`)
  return [
    ...(before.operationId === after.operationId
      ? []
      : [tell('operation-renamed', '', 'major', `it is called ${after.operationId} now`, [after.operationId])]),
    ...(was === is ? [] : [tell('address-changed', '', 'major', `${was} became ${is}`)]),
  ]
}

/** A sunset that comes earlier than it was announced takes time away that clients were promised. */
function compareLifetime({ operationId }: Operation, before: Place, after: Place): Finding[] {
  const tell = teller(operationId)
  const [was, is] = [before.value['deprecated'] === true, after.value['deprecated'] === true]
  if (was !== is) return [tell('deprecated', '', 'minor', is ? 'it is deprecated now' : 'it is no longer deprecated')]
  const [old, now] = [before.value['x-sunset'], after.value['x-sunset']]
  if (typeof old !== 'string' || typeof now !== 'string' || old === now) return []
  return [tell('sunset', '', now < old ? 'major' : 'minor', `its sunset moved from ${old} to ${now}`)]
}

function compareParameters(
  oldRoot: JsonObject,
  newRoot: JsonObject,
  before: Operation,
  after: Operation,
  schemas: CompareSchemas,
): Finding[] {
  const tell = teller(before.operationId)
  const [were, are] = [parametersOf(oldRoot, before), parametersOf(newRoot, after)]
  return [...new Set([...were.keys(), ...are.keys()])].flatMap((key): readonly Finding[] => {
    const [was, is] = [were.get(key), are.get(key)]
    const names = [(was ?? is)?.name ?? key]
    if (is === undefined) return [tell('parameter-removed', key, 'major', `the parameter ${names[0]} is gone`, names)]
    if (was === undefined) {
      if (is.required) return [tell('parameter-required', key, 'major', `the parameter ${names[0]} is new and required`, names)]
      return [tell('parameter-added', key, 'minor', `the parameter ${names[0]} is new`, names)]
    }
    return [
      ...(was.required === is.required
        ? []
        : [tell('parameter-required', key, is.required ? 'major' : 'minor', `required: ${was.required} became ${is.required}`, names)]),
      ...(same(was.writing, is.writing)
        ? []
        : [tell('parameter-style', key, 'major', `${shown(was.writing)} became ${shown(is.writing)}`, names)]),
      ...schemas(was.schema, is.schema, 'request').map((finding) => ({
        ...finding,
        names: finding.names.length > 0 ? finding.names : names,
      })),
    ]
  })
}

/** Names of headers are the same in any case. */
function parametersOf(root: JsonObject, operation: Operation): Map<string, Parameter & { readonly writing: Json }> {
  const place = placeOf(root, operation)
  const item = at(root, { pointer: '', value: root }, 'paths', operation.path)
  const raw = [item, place].flatMap((owner) => {
    return Object.keys(object(owner.value['parameters'] === undefined ? {} : { ...Object(owner.value['parameters']) })).map((index) =>
      at(root, owner, 'parameters', index),
    )
  })
  const parameters = operation.parameters.map((parameter, index): [string, Parameter & { writing: Json }] => {
    const { style = null, explode = null, allowReserved = null, allowEmptyValue = null } = raw[index]?.value ?? {}
    const name = parameter.in === 'header' ? parameter.name.toLowerCase() : parameter.name
    return [`${parameter.in} ${name}`, { ...parameter, writing: [style, explode, allowReserved, allowEmptyValue] }]
  })
  return new Map(parameters)
}

function compareBodies({ operationId, body: was }: Operation, { body: is }: Operation, schemas: CompareSchemas): Finding[] {
  const tell = teller(operationId)
  if (was === undefined && is === undefined) return []
  if (is === undefined) return [tell('body-removed', '', 'major', 'it takes no body any more')]
  if (was === undefined) return [tell('body-added', '', is.required ? 'major' : 'minor', 'it takes a body now')]
  const limits = `${was.maxBytes} bytes became ${is.maxBytes}`
  return [
    ...(was.required === is.required
      ? []
      : [tell('body-required', '', is.required ? 'major' : 'minor', `required: ${was.required} became ${is.required}`)]),
    ...(was.maxBytes === is.maxBytes ? [] : [tell('body-limit', '', is.maxBytes < was.maxBytes ? 'major' : 'minor', limits)]),
    ...[...new Set([...was.content.keys(), ...is.content.keys()])].flatMap((type): readonly Finding[] => {
      const [before, after] = [was.content.get(type), is.content.get(type)]
      if (after === undefined) return [tell('request-media-type-removed', type, 'major', `${type} is refused now`, [type])]
      if (before === undefined) return [tell('request-media-type-added', type, 'minor', `${type} is accepted now`, [type])]
      return schemas(before, after, 'request')
    }),
  ]
}

/** Generated clients call their types by the names of the schemas. */
function compareSchemaNames(oldRoot: JsonObject, newRoot: JsonObject): Finding[] {
  const [were, are] = [oldRoot, newRoot].map((root) => Object.keys(object(object(root['components'] ?? {})['schemas'] ?? {})))
  const gone = (were ?? []).filter((name) => are?.includes(name) !== true)
  return gone.map((name) => ({
    id: `schema-removed ${name}`,
    impact: 'major',
    text: `generated clients have a type ${name}`,
    names: [name],
  }))
}

function compareRoots(oldRoot: JsonObject, newRoot: JsonObject): Finding[] {
  const [before, after] = [oldRoot, newRoot].map((value): Place => ({ pointer: '', value }))
  return before === undefined || after === undefined ? [] : compareMembers(before, after, [...ROOT_COMPARED], (key) => `root ${key}`)
}

function compareMembers(before: Place, after: Place, known: readonly string[], idOf: (key: string) => string): Finding[] {
  const keys = [...new Set([...Object.keys(before.value), ...Object.keys(after.value)])]
  const changed = keys.filter((key) => !known.includes(key) && !same(before.value[key], after.value[key]))
  return changed.map((key) => ({
    id: idOf(key),
    impact: 'major',
    text: `${key} changed, and this comparison does not know what that means`,
    names: [],
  }))
}

function placeOf(root: JsonObject, { path, method }: Operation): Place {
  return at(root, { pointer: '', value: root }, 'paths', path, method)
}
