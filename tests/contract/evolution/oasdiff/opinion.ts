import { readFileSync } from 'node:fs'
import { CORE_SCHEMA, load } from 'js-yaml'
import { type ContractDocument, type Json, object, string } from '../../../../src/contract/document/document.ts'
import { type Change, mustBeListed } from '../changes.ts'
import type { SecondOpinion } from '../judge.ts'
import { type Listed, readListed } from '../released.ts'

/** How we read oasdiff's findings: policy.yaml. */
export interface Policy {
  /** Rules that it rates below a break, and we as a break. */
  readonly raised: ReadonlySet<string>
  /** Rules for which our own comparison is better, each with the name of our rule. */
  readonly deferred: ReadonlyMap<string, string>
  /** Findings that are no break. */
  readonly falseAlarms: readonly Listed[]
}

export function readPolicy(text = readFileSync(new URL('policy.yaml', import.meta.url), 'utf8')): Policy {
  const { raised, deferred, falseAlarms } = object(load(text, { schema: CORE_SCHEMA }) as Json)
  return {
    raised: new Set(Object.keys(object(raised))),
    deferred: new Map(Object.entries(object(deferred)).map(([theirs, ours]) => [theirs, string(ours)])),
    falseAlarms: readListed(falseAlarms),
  }
}

interface OasdiffOpinion {
  readonly judge: SecondOpinion
  /** False alarms that oasdiff did not raise in any comparison so far. */
  readonly unheard: () => readonly Listed[]
}

/** Breaks that oasdiff reports and our own comparison does not. `report` compares two contracts. */
export function createOasdiffOpinion(
  policy: Policy,
  report: (before: ContractDocument, after: ContractDocument) => Json,
): OasdiffOpinion {
  const heard = new Set<Listed>()
  return {
    judge: (before, after, changes) => {
      const breaks = breaksIn(report(before, after), policy)
      const alarms = policy.falseAlarms.filter(
        ({ version, change }) => version === after.version && breaks.some(({ id }) => id === change),
      )
      for (const alarm of alarms) heard.add(alarm)
      const isKnown = (found: Change): boolean =>
        alarms.some(({ change }) => change === found.id) || changes.some((change) => covers(change, found, policy))
      return breaks.filter((found) => !isKnown(found))
    },
    unheard: () => policy.falseAlarms.filter((alarm) => !heard.has(alarm)),
  }
}

/** oasdiff's level for a change that the document alone does not decide. */
const WARN = 2

function breaksIn(report: Json, { raised }: Policy): Change[] {
  if (!Array.isArray(report)) throw new Error('The report of oasdiff is not a list')
  return report
    .map((finding: Json) => object(finding))
    .filter(({ id, level }) => Number(level) >= WARN || raised.has(string(id)))
    .map(({ id, operationId, text, fingerprint }) => {
      const operations = operationId === undefined ? [] : [string(operationId)]
      // The fingerprint distinguishes findings of one rule in one operation.
      const name = [string(id), ...operations, string(fingerprint)].join(' ')
      return { impact: 'major', id: `oasdiff/${name}`, text: string(text), operations, names: [] }
    })
}

/** Whether we found the break too, or rated the change: in the same operation, or outside of all if theirs is. */
function covers(change: Change, found: Change, { deferred }: Policy): boolean {
  const [operation] = found.operations
  const isNear = operation === undefined ? change.operations.length === 0 : change.operations.includes(operation)
  const theirs = /^oasdiff\/(\S+)/.exec(found.id)?.[1] ?? ''
  const ours = change.id.slice(0, change.id.indexOf(' '))
  return isNear && (mustBeListed(change) || deferred.get(theirs) === ours)
}
