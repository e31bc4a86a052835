import { expect, test } from 'vitest'
import { type Json, object } from '../../src/contract/document/document.ts'
import { document } from './harness/document-examples.ts'

/** Every `$ref` below a value, and every name of a security scheme. */
function references(value: Json): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, member]: [string, Json]) => {
    if (key === '$ref' && typeof member === 'string') return [member]
    if (key === 'security') return schemesOf(member).map((name) => `#/components/securitySchemes/${name}`)
    return references(member)
  })
}

function schemesOf(security: Json): string[] {
  return Array.isArray(security) ? security.flatMap((requirement: Json) => Object.keys(object(requirement))) : []
}

test('every component is used by an operation, directly or through other components', () => {
  const { components, ...rest } = document.root
  const kinds = object(components)
  const used = new Set<string>()
  const follow = (value: Json): void => {
    for (const reference of references(value)) {
      if (used.has(reference)) continue
      used.add(reference)
      const [kind = '', name = ''] = reference.replace('#/components/', '').split('/')
      follow(object(kinds[kind])[name] ?? null)
    }
  }
  follow(rest)
  const all = Object.entries(kinds).flatMap(([kind, members]) =>
    Object.keys(object(members)).map((name) => `#/components/${kind}/${name}`),
  )
  expect(all.filter((name) => !used.has(name))).toEqual([])
})
