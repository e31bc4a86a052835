import type { JsonObject } from '../../../src/contract/document/document.ts'
import { componentsOf } from './compare-members.ts'

/**
 * Names of schemas that collide in generated code: for Go, openapi-generator makes a function `NewNote` for a type
 * `Note`, and many languages keep each type in a file, whose name ignores case on some machines.
 */
export function componentNameViolations(root: JsonObject): string[] {
  const names = Object.keys(componentsOf(root, 'schemas'))
  const constructors = names.filter((name) => names.some((other) => name === `New${other}`))
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
