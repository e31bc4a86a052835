import type { JsonObject } from '../../../src/contract/document/document.ts'
import { componentsOf } from './compare-members.ts'

/** Older than the rule, and a name that clients know; docs/clients.md says what to pass to the generator. */
const KNOWN: ReadonlySet<string> = new Set(['NewApiKey'])

/**
 * Names of schemas that cannot stand in one package of generated code: openapi-generator makes for Go a function `NewNote`
 * of a type `Note`, and many languages keep a type in a file whose name is the same in any case on some machines.
 */
export function componentNameFaults(root: JsonObject): string[] {
  const names = Object.keys(componentsOf(root, 'schemas'))
  const constructors = names.filter((name) => !KNOWN.has(name) && names.some((other) => name === `New${other}`))
  const alike = names.filter(
    (name, index) => names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) !== index,
  )
  return [
    ...constructors.map(
      (name) => `The schema ${name} is called like the function that makes a ${name.slice('New'.length)} in Go.`,
    ),
    ...alike.map((name) => `There is another schema that is called ${name} but for its case.`),
  ]
}
