import { type ContractDocument, type JsonObject, object } from '../../../src/contract/document/document.ts'
import { changelogViolations } from './changelog.ts'
import { type Change, mustBeListed, worstOf } from './changes.ts'
import { compareContracts } from './compare.ts'
import type { Listed } from './released.ts'
import { compareVersions, leastVersion, parseVersion } from './versions.ts'

/** A contract and the one before it, the changes between them, and the rules that these violate. */
export interface Verdict {
  readonly from: string | undefined
  readonly to: string
  readonly changes: readonly Change[]
  readonly violations: readonly string[]
}

export interface Rules {
  readonly listed: readonly Listed[]
  readonly changelog: string
  readonly secondOpinions?: readonly SecondOpinion[]
}

/** Breaks between two contracts that another tool found and our own comparison, with these changes, overlooked. */
export type SecondOpinion = (
  before: ContractDocument,
  after: ContractDocument,
  changes: readonly Change[],
) => readonly Change[]

/** Checks every step of a history of contracts, from the first release to the current contract. */
export function judgeHistory(contracts: readonly ContractDocument[], rules: Rules): Verdict[] {
  const verdicts = contracts.map((after, index) => judge(contracts[index - 1], after, rules))
  const versions = new Set(contracts.map(({ version }) => version))
  const stray = rules.listed.filter(({ version }) => !versions.has(version))
  const violations = stray.map(
    ({ change, version }) => `"${change}" is listed for ${version}, but there is no such version.`,
  )
  return verdicts.map((verdict, index) =>
    index === verdicts.length - 1 ? { ...verdict, violations: [...verdict.violations, ...violations] } : verdict,
  )
}

function judge(before: ContractDocument | undefined, after: ContractDocument, rules: Rules): Verdict {
  const ours = compareContracts(before?.root ?? emptied(after.root), after.root)
  const { secondOpinions = [] } = rules
  const theirs = before === undefined ? [] : secondOpinions.flatMap((opinion) => opinion(before, after, ours))
  const changes = [...ours, ...theirs]
  const isSameVersion = before?.version === after.version
  const violations = [
    ...(before === undefined ? [] : versionViolations(before.version, after.version, changes)),
    // The list and the changelog of a version are about the step that reaches it, not about standing still there.
    ...(before === undefined || isSameVersion ? [] : listViolations(after.version, changes, rules.listed)),
    ...(isSameVersion ? [] : changelogViolations(rules.changelog, after, before, changes)),
  ]
  return { from: before?.version, to: after.version, changes, violations }
}

/** The first release is compared with this: nothing but security schemes, so that all operations are new. */
function emptied(root: JsonObject): JsonObject {
  const { securitySchemes = {} } = object(root['components'] ?? {})
  return { ...root, paths: {}, components: { securitySchemes } }
}

function versionViolations(from: string, to: string, changes: readonly Change[]): string[] {
  const impact = worstOf(changes)
  const least = leastVersion(from, impact)
  const order = compareVersions(parseVersion(to), parseVersion(least))
  if (impact === undefined) return order === 0 ? [] : [`info.version is ${to}, but nothing changed since ${from}.`]
  return order >= 0 ? [] : [`info.version is ${to}, but these changes (${impact}) demand at least ${least}.`]
}

function listViolations(to: string, changes: readonly Change[], listed: readonly Listed[]): string[] {
  const here = listed.filter(({ version }) => version === to)
  const unlisted = changes.filter((change) => mustBeListed(change) && !here.some((entry) => entry.change === change.id))
  const stale = here.filter((entry) => !changes.some((change) => mustBeListed(change) && change.id === entry.change))
  return [
    ...unlisted.map(({ id, impact }) => {
      const what = impact === 'major' ? 'breaks clients' : 'guards an operation less'
      const lists = [
        'list it with a reason in tests/contract/released/breaking-changes.yaml',
        ...(id.startsWith('oasdiff/') ? ['if it is none, with the false alarms in evolution/oasdiff/policy.yaml'] : []),
      ]
      return `"${id}" ${what} and is not listed: take it back, or ${lists.join('; ')}.`
    }),
    ...stale.map((entry) => `"${entry.change}" is listed for ${to}, but does not happen there: take it off the list.`),
  ]
}
