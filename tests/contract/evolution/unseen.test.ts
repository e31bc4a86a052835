import { expect, test } from 'vitest'
import { escapeToken, isObject, type Json, loadDocument } from '../../../src/contract/document/document.ts'
import { readOperations } from '../../../src/contract/document/operations.ts'
import { worstOf } from './changes.ts'
import { compareContracts } from './compare.ts'
import { having, without } from './edit-document.ts'
import { standingViolations } from './standing.ts'

const { root } = loadDocument()

/** Kinds of places that may change like a text. Any other place that the comparison takes for a text is a gap in it. */
const TEXTS: Readonly<Record<string, string>> = {
  '/info/version': 'checked against the other changes',
  '/info/contact': 'for people',
  '/info/license': 'for people',
  '/servers/#/x-internal': 'for portals that hide a server',
  '/tags/#/x-displayName': 'a heading of the reference',
  '/x-tagGroups': 'the menu of the reference',
  '/components/securitySchemes/*/bearerFormat': 'a hint for people (OpenAPI 3.1 §4.8.27)',
  '/components/securitySchemes/*/flows/password/scopes/* changed': 'the description of a scope',
  '/components/parameters/*/explode deleted': 'its value is the default of its style',
  '/components/parameters/*/style deleted': 'its value is the default of its place',
  '/x-rules-in-words': 'what messages say',
  '/x-timeout-seconds deleted': 'its value is the default of the server',
  '/paths/*/*/x-timeout-seconds deleted': 'its value is that of the root',
}
const EVERYWHERE: ReadonlySet<string> = new Set(['summary', 'description', 'example', 'examples', 'externalDocs'])
/** Members of these have chosen names. */
const MAPS: ReadonlySet<string> = new Set([
  'paths',
  'responses',
  'headers',
  'content',
  'links',
  'parameters',
  'schemas',
  'properties',
  'securitySchemes',
  'scopes',
  'x-events',
])

const CHANGES = ['deleted', 'changed'] as const

interface Place {
  readonly pointer: string
  /** The place without names and numbers; a schema is one kind wherever it is. */
  readonly kind: string
  readonly value: Json
}

function placesIn(value: Json, pointer = '', kind = '', isMap = false): Place[] {
  if (!Array.isArray(value) && !isObject(value)) return []
  return Object.entries(value).flatMap(([key, member]: [string, Json]) => {
    if (!isMap && EVERYWHERE.has(key)) return []
    const place = `${pointer}/${escapeToken(key)}`
    const inPath = /^\/paths\/\*$/.test(kind)
    const named = Array.isArray(value) || /^\d+$/.test(key) ? '#' : isMap || inPath ? '*' : key
    const isSchema = key === 'schema' || key === 'items' || /(\/schemas|\/properties|\/oneOf)$/.test(kind)
    const ownKind = isSchema ? 'schema' : `${kind}/${named}`
    return [
      { pointer: place, kind: ownKind, value: member },
      ...placesIn(member, place, ownKind, !isMap && MAPS.has(key) && isObject(member)),
    ]
  })
}

function isTold(pointer: string, change: 'deleted' | 'changed', value: Json): boolean {
  const other =
    typeof value === 'number' ? value + 1 : typeof value === 'boolean' ? !value : `${JSON.stringify(value)}x`
  try {
    const after = change === 'deleted' ? without(pointer)(root) : having(pointer, other)(root)
    const worst = worstOf(compareContracts(root, after))
    return (worst !== undefined && worst !== 'patch') || standingViolations({ root: after }).length > 0
  } catch {
    // Such a document cannot be read, so there would be no server.
    return true
  }
}

const kinds = Map.groupBy(placesIn(root), ({ kind }) => kind)

test('no member of the contract can be removed or changed unnoticed', () => {
  expect(kinds.size).toBeGreaterThan(80)
  const unseen = [...kinds].flatMap(([kind, [first]]) => {
    if (first === undefined || Object.keys(TEXTS).some((text) => kind === text || kind.startsWith(`${text}/`)))
      return []
    const changes = CHANGES.filter((change) => TEXTS[`${kind} ${change}`] === undefined)
    return changes
      .filter((change) => !isTold(first.pointer, change, first.value))
      .map((change) => `${kind} ${change}: ${first.pointer}`)
  })
  expect(unseen).toEqual([])
}, 60_000)

test('no member of the data of an event can be removed or changed unnoticed', () => {
  const events = readOperations(root).flatMap(({ responses }) =>
    [...responses.values()].flatMap((response) => [...(response.events?.values() ?? [])]),
  )
  const places = events.flatMap(({ value, pointer }) => placesIn(value, pointer, 'schema'))
  expect(places.length).toBeGreaterThan(20)
  const unseen = places.flatMap(({ pointer, value }) =>
    CHANGES.filter((change) => !isTold(pointer, change, value)).map((change) => `${change}: ${pointer}`),
  )
  expect(unseen).toEqual([])
}, 60_000)

test('each exception is a place of the contract', () => {
  const stray = Object.keys(TEXTS).filter((text) => !kinds.has(text.replace(/ (deleted|changed)$/, '')))
  expect(stray).toEqual([])
})
