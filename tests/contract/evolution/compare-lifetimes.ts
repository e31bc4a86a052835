import { isObject, type Json, type JsonObject } from '../../../src/contract/document/document.ts'
import { readLifetime } from '../../../src/contract/document/lifetime.ts'
import type { Finding, Impact } from './changes.ts'

export const LIFETIME = ['deprecated', 'x-deprecated-since', 'x-sunset'] as const
/** Keys whose values are data, not keywords. */
const DATA: ReadonlySet<string> = new Set(['example', 'examples', 'value', 'default', 'enum', 'const'])

/**
 * Compares until when an operation, a parameter or a field can be used. An earlier sunset than announced takes promised
 * time away from clients.
 */
export function compareLifetime(
  before: JsonObject,
  after: JsonObject,
  report: (rule: string, impact: Impact, text: string) => Finding,
): readonly Finding[] {
  const [was, is] = [before['deprecated'] === true, after['deprecated'] === true]
  if (was !== is) return [report('deprecated', 'minor', is ? 'it is deprecated now' : 'it is no longer deprecated')]
  const [old, now] = [before['x-sunset'], after['x-sunset']]
  if (typeof old !== 'string' || typeof now !== 'string' || old === now) return []
  return [report('sunset', now < old ? 'major' : 'minor', `its sunset moved from ${old} to ${now}`)]
}

/** Everything deprecated must state since when, and until when it works at least. The server checks operations only. */
export function lifetimeViolations(root: JsonObject): string[] {
  return visit(root, '', false)
}

/** `named`: the keys are chosen names, such as those of fields. */
function visit(value: Json, pointer: string, named: boolean): string[] {
  if (Array.isArray(value)) return value.flatMap((entry: Json, index) => visit(entry, `${pointer}/${index}`, false))
  if (!isObject(value)) return []
  const inside = Object.entries(value).flatMap(([key, member]) => {
    if (!named && DATA.has(key)) return []
    return visit(
      member,
      `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
      !named && key === 'properties',
    )
  })
  return named || !LIFETIME.some((key) => key in value) ? inside : [...faultOf(value, pointer), ...inside]
}

function faultOf(value: JsonObject, pointer: string): string[] {
  try {
    readLifetime(value, pointer)
    return []
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)]
  }
}
