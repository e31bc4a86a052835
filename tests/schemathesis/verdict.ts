import type { Allowed } from './allowed.ts'
import { type Finding, REFUSED, type Report } from './report.ts'

/** Far below what 40 seconds bring: about 1 000 exchanges and 10 links. */
const SEQUENCES = { exchanges: 200, links: 4 }
export const PHASES = ['examples', 'coverage', 'fuzzing', 'stateful']

/** The entries that explain a finding, which must be the refusal of a valid request. Undefined if it is a fault. */
export function explain(finding: Finding, allowed: readonly Allowed[]): readonly Allowed[] | undefined {
  if (finding.check !== REFUSED || finding.refusals.length === 0) return undefined
  const reasons = finding.refusals.map((refusal) => allowed.find((entry) => entry.refusal === refusal))
  return reasons.every((reason) => reason !== undefined) ? reasons : undefined
}

/** One finding of each kind that nothing explains, with how many there are. */
export function unexplained({ findings }: Report, allowed: readonly Allowed[]): string[] {
  const kinds = Map.groupBy(
    findings.filter((finding) => explain(finding, allowed) === undefined),
    ({ check, operation, status, refusals }) => [check, operation, status, ...refusals].join(' '),
  )
  return [...kinds].map(
    ([kind, [first, ...others]]) => `${kind} (${others.length + 1})\n    ${first?.message}\n    ${first?.request}`,
  )
}

/** What makes a run worthless: a phase that tried nothing, hardly any sequences, an operation that never succeeded. */
export function hollow(report: Report, operations: readonly string[]): string[] {
  const unfinished = PHASES.filter((phase) => !report.phases.has(phase) || !report.exchanges.has(phase))
  return [
    ...unfinished.map((phase) => `The phase ${phase} did not come to its end, or tried nothing.`),
    ...((report.exchanges.get('stateful') ?? 0) >= SEQUENCES.exchanges && report.links.size >= SEQUENCES.links
      ? []
      : ['Hardly any sequences of requests were tried.']),
    ...operations
      .filter((operation) => !report.succeeded.has(operation))
      .map((operation) => `${operation} never succeeded, so little of it was tried.`),
  ]
}

/** The entries whose sentence the contract does not have. */
export function unsaid(allowed: readonly Allowed[], sentences: ReadonlySet<string>): string[] {
  return allowed
    .filter(({ says }) => !sentences.has(says))
    .map(({ refusal, says }) => `openapi.yaml no longer says why ${refusal} is allowed: ${says}`)
}

/** How many findings each entry explains, in all runs together. */
export function uses(reports: readonly Report[], allowed: readonly Allowed[]): ReadonlyMap<Allowed, number> {
  const reasons = reports.flatMap(({ findings }) => findings.flatMap((finding) => explain(finding, allowed) ?? []))
  return new Map(allowed.map((entry) => [entry, reasons.filter((reason) => reason === entry).length]))
}
