import { at, type JsonObject, list, type Place } from '../../../src/contract/document/document.ts'
import type { Operation, Parameter } from '../../../src/contract/document/operations.ts'
import { type Finding, same, shown, reporter } from './changes.ts'
import { compareLifetime, LIFETIME } from './compare-lifetimes.ts'
import { compareMembers, isReordered, type Side } from './compare-members.ts'
import type { CompareSchemas } from './compare-schemas.ts'

/** A parameter with its whole description in the document. */
interface Written extends Parameter {
  readonly raw: JsonObject
}

const COMPARED = [
  'name',
  'in',
  'required',
  'schema',
  'style',
  'explode',
  'allowReserved',
  'allowEmptyValue',
  ...LIFETIME,
] as const

export function compareParameters(
  [oldRoot, before]: Side,
  [newRoot, after]: Side,
  schemas: CompareSchemas,
): readonly Finding[] {
  const report = reporter(before.operationId)
  const [were, are] = [parametersOf(oldRoot, before), parametersOf(newRoot, after)]
  const findings = [...new Set([...were.keys(), ...are.keys()])].flatMap((key): readonly Finding[] => {
    const [was, is] = [were.get(key), are.get(key)]
    const names = [(was ?? is)?.name ?? key]
    if (is === undefined) return [report('parameter-removed', key, 'major', `the parameter ${names[0]} is gone`, names)]
    if (was === undefined) {
      if (is.required)
        return [report('parameter-required', key, 'major', `the parameter ${names[0]} is new and required`, names)]
      return [report('parameter-added', key, 'minor', `the parameter ${names[0]} is new`, names)]
    }
    return [
      ...compareWriting(before.operationId, key, was, is),
      ...schemas(was.schema, is.schema, 'request').map((finding) => ({
        ...finding,
        names: finding.names.length > 0 ? finding.names : names,
      })),
    ]
  })
  return [...findings, ...compareOrder(before.operationId, [...were.keys()], [...are.keys()])]
}

function compareWriting(operationId: string, key: string, was: Written, is: Written): readonly Finding[] {
  const report = reporter(operationId)
  const names = [was.name]
  const required = `required: ${was.required} became ${is.required}`
  const [old, now] = [writingOf(was), writingOf(is)]
  return [
    ...(was.required === is.required
      ? []
      : [report('parameter-required', key, is.required ? 'major' : 'minor', required, names)]),
    // On the wire the name of a header ignores case; in generated code it does not.
    ...(was.name === is.name
      ? []
      : [report('parameter-renamed', key, 'major', `${was.name} is written ${is.name} now`, names)]),
    ...(same(old, now) ? [] : [report('parameter-style', key, 'major', `${shown(old)} became ${shown(now)}`, names)]),
    ...compareLifetime(was.raw, is.raw, (rule, impact, text) => report(rule, key, impact, text, names)),
    ...compareMembers(was.raw, is.raw, COMPARED, (member) => `parameter-member ${operationId} ${key} ${member}`),
  ]
}

/** Many generators make positional arguments of parameters, in the order of the document: a new one must be last. */
function compareOrder(operationId: string, were: readonly string[], are: readonly string[]): readonly Finding[] {
  const report = reporter(operationId)
  if (isReordered(were, are)) return [report('parameter-order', '', 'major', 'its parameters stand in another order')]
  const last = are.findLastIndex((key) => were.includes(key))
  const early = are.slice(0, Math.max(last, 0)).filter((key) => !were.includes(key))
  return early.map((key) =>
    report('parameter-order', key, 'major', `the new parameter ${key} stands before older ones`),
  )
}

/** How a value is written in a URL or header, with OpenAPI's defaults filled in. */
function writingOf({ in: where, raw }: Written): JsonObject {
  const style = raw['style'] ?? (where === 'query' ? 'form' : 'simple')
  const { explode = style === 'form', allowReserved = false, allowEmptyValue = false } = raw
  return { style, explode, allowReserved, allowEmptyValue }
}

function parametersOf(root: JsonObject, operation: Operation): Map<string, Written> {
  const item = at(root, { pointer: '', value: root }, 'paths', operation.path)
  const raw = [item, at(root, item, operation.method)].flatMap((owner) => rawParameters(root, owner))
  const parameters = operation.parameters.map((parameter, index): [string, Written] => {
    const name = parameter.in === 'header' ? parameter.name.toLowerCase() : parameter.name
    return [`${parameter.in} ${name}`, { ...parameter, raw: raw[index]?.value ?? {} }]
  })
  return new Map(parameters)
}

function rawParameters(root: JsonObject, owner: Place): Place[] {
  return list(owner.value['parameters']).map((_, index) => at(root, owner, 'parameters', String(index)))
}
