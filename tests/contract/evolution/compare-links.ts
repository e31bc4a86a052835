import { type JsonObject, object } from '../../../src/contract/document/document.ts'
import { type Finding, same, shown, reporter } from './changes.ts'
import { compareMembers, mapOf } from './compare-members.ts'

/**
 * Compares the links of a reply. A program that follows links must still find each one, its operation and the
 * parameters that it fills in. A new link or parameter counts as a text: it adds nothing that was not in the prose.
 */
export function compareLinks(
  operationId: string,
  status: number,
  before: JsonObject,
  after: JsonObject,
): readonly Finding[] {
  const report = reporter(operationId)
  return Object.keys(before).flatMap((name): readonly Finding[] => {
    const detail = `${status} ${name}`
    if (after[name] === undefined)
      return [report('link-removed', detail, 'major', `${status} has no link ${name} any more`, [name])]
    const [was, is] = [object(before[name]), object(after[name])]
    const [old, now] = [mapOf(was['parameters']), mapOf(is['parameters'])]
    const others = Object.keys(old).filter((parameter) => !same(old[parameter], now[parameter]))
    const leads = ['operationId', 'operationRef'].filter((key) => !same(was[key], is[key]))
    return [
      ...leads.map((key) =>
        report('link-target', detail, 'major', `it led to ${shown(was[key])}, now to ${shown(is[key])}`, [name]),
      ),
      ...others.map((parameter) => {
        const text = `${parameter}: ${shown(old[parameter])} became ${shown(now[parameter])}`
        return report('link-parameter', `${detail} ${parameter}`, 'major', text, [name])
      }),
      ...compareMembers(
        was,
        is,
        ['operationId', 'operationRef', 'parameters'],
        (key) => `link-member ${operationId} ${detail} ${key}`,
      ),
    ]
  })
}
