import { readFileSync } from 'node:fs'
import type { ContractDocument, Json } from '../../../../src/contract/document/document.ts'
import { appended, having, without } from '../edit-document.ts'
import { releasedContracts } from '../released.ts'

/** Two contracts that oasdiff compared. Both come from released ones, so its report stays the same. */
export interface Comparison {
  readonly title: string
  readonly before: ContractDocument
  readonly after: ContractDocument
}

const EVENT = '/components/schemas/SecurityEvent/properties/type'

export function comparisons(): readonly Comparison[] {
  const [first, second] = releasedContracts()
  if (first === undefined || second === undefined) throw new Error('There are no two releases')
  const changes = {
    'an operation is removed': without('/paths/~1tags/get'),
    'an operation is renamed': having('/paths/~1tags/get/operationId', 'getTags'),
    'a scope is removed': without('/components/securitySchemes/oauth2/flows/password/scopes/keys:write'),
    'a list that was announced to grow gets a value': appended(`${EVENT}/enum`, 'note_shared'),
    'a reply gets a new field': having('/components/schemas/TagCount/properties/colour', { type: 'string' }),
  }
  const planted = Object.entries(changes).map(([title, change]) => ({
    title,
    before: first,
    after: { ...first, root: change(first.root) },
  }))
  return [...planted, { title: 'a pattern that the enum implies is removed', before: first, after: second }]
}

export const RECORDED = new URL('recorded.json', import.meta.url)

/** What oasdiff reported for each comparison, by its title. */
export function recordedReports(): Readonly<Record<string, Json>> {
  return JSON.parse(readFileSync(RECORDED, 'utf8')) as Record<string, Json>
}
