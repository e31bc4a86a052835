import type { ContractDocument } from '../../../src/contract/document/document.ts'
import { readOperations } from '../../../src/contract/document/operations.ts'
import type { Change } from './changes.ts'

/**
 * Checks the changelog of a version. Its part on the API must name, as code, what changed: each operation (or the
 * schema through which many of them changed), and the field, parameter or status. Everything it names must be in the
 * contract, or in the one before if it was removed.
 */
export function changelogViolations(
  changelog: string,
  after: ContractDocument,
  before: ContractDocument | undefined,
  changes: readonly Change[],
): string[] {
  const part = apiPart(changelog, after.version)
  if (part === undefined)
    return changes.length === 0 ? [] : [`CHANGELOG.md has no "## [${after.version}]" with an "### API" in it.`]
  const named = codeSpans(part)
  const tokens = new Set(named.flatMap((span) => span.split(/[^\w-]+/)))
  const isNamed = (change: Change): boolean => {
    const schema = /\/components\/schemas\/(\w+)/.exec(change.id)?.[1]
    const isPlaced = change.operations.every((id) => tokens.has(id)) || (schema !== undefined && tokens.has(schema))
    return isPlaced && change.names.every((name) => named.some((span) => span.includes(name)))
  }
  const unnamed = changes.filter((change) => change.impact !== 'patch' && !isNamed(change))
  const contracts = before === undefined ? [after] : [before, after]
  const operationIds = new Set(
    contracts.flatMap(({ root }) => readOperations(root)).map(({ operationId }) => operationId),
  )
  const known = `${after.text}\n${before?.text ?? ''}`
  const unknown = named.filter(
    (span) => !span.split(/[=<>\s]+/).every((word) => known.includes(word)) || isNoOperation(span, operationIds),
  )
  return [
    ...unnamed.map((change) => {
      const missing = [...change.operations, ...change.names].filter(
        (name) => !named.some((span) => span.includes(name)),
      )
      const wanted = (missing.length > 0 ? missing : change.operations).map((name) => `\`${name}\``).join(', ')
      return `CHANGELOG.md, [${after.version}], API: a line is missing that names ${wanted} (${change.text}).`
    }),
    ...unknown.map(
      (span) => `CHANGELOG.md, [${after.version}], API: names \`${span}\`, which the contract does not have.`,
    ),
  ]
}

/** The lines below `### API` of a version. */
function apiPart(changelog: string, version: string): string | undefined {
  const section = changelog.split(/^## /m).find((candidate) => candidate.startsWith(`[${version}]`))
  const part = section?.split(/^### /m).find((candidate) => candidate.startsWith('API\n'))
  return part?.slice('API\n'.length)
}

function codeSpans(markdown: string): string[] {
  return [...markdown.matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)
}

/** Whether a word looks like an operationId and is none. Fields are snake_case, so they do not. */
function isNoOperation(span: string, operationIds: ReadonlySet<string>): boolean {
  return /^[a-z]+([A-Z][a-z]*)+$/.test(span) && !operationIds.has(span)
}
