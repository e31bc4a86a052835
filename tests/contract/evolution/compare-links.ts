import { type JsonObject, object } from '../../../src/contract/document/document.ts'
import { type Finding, same, shown, teller } from './changes.ts'
import { compareMembers, mapOf } from './compare-members.ts'

/**
 * Where a reply leads. A program that follows links goes on to find each one, the operation behind it and the parameters
 * it fills in. A link that comes, or a parameter more in one, says in data what could be read before: a text.
 */
export function compareLinks(
  operationId: string,
  status: number,
  before: JsonObject,
  after: JsonObject,
): readonly Finding[] {
  const tell = teller(operationId)
  return Object.keys(before).flatMap((name): readonly Finding[] => {
    const detail = `${status} ${name}`
    if (after[name] === undefined)
      return [tell('link-removed', detail, 'major', `${status} has no link ${name} any more`, [name])]
    const [was, is] = [object(before[name]), object(after[name])]
    const [old, now] = [mapOf(was['parameters']), mapOf(is['parameters'])]
    const others = Object.keys(old).filter((parameter) => !same(old[parameter], now[parameter]))
    const leads = ['operationId', 'operationRef'].filter((key) => !same(was[key], is[key]))
    return [
      ...leads.map((key) =>
        tell('link-target', detail, 'major', `it led to ${shown(was[key])}, now to ${shown(is[key])}`, [name]),
      ),
      ...others.map((parameter) => {
        const text = `${parameter}: ${shown(old[parameter])} became ${shown(now[parameter])}`
        return tell('link-parameter', `${detail} ${parameter}`, 'major', text, [name])
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
