import type { Allowed } from './allowed.ts'

/** What Schemathesis found in one exchange. */
export interface Finding {
  readonly check: string
  readonly operation: string
  readonly phase: string
  readonly status: number | undefined
  /** Why the server refused: each error of a 422, or the problem. Empty for another reply. */
  readonly refusals: readonly string[]
  readonly message: string
  readonly request: string
}

/** One run of Schemathesis, read from its report. */
export interface Report {
  readonly exchanges: number
  readonly findings: readonly Finding[]
  /** The operations, as method and path, that succeeded at least once. */
  readonly succeeded: ReadonlySet<string>
  /** The phases that came to an end. */
  readonly phases: ReadonlySet<string>
}

/** The events of `--report ndjson`, as far as they are read here. */
interface Event {
  readonly ScenarioFinished?: { readonly phase: string; readonly recorder: Recorder }
  readonly PhaseFinished?: { readonly phase: { readonly name: string }; readonly status: string }
}

interface Recorder {
  /** Missing when the scenario had nothing to try. */
  readonly cases?: Readonly<Record<string, { readonly value: { readonly method: string; readonly path: string } }>>
  readonly checks?: Readonly<Record<string, readonly Check[]>>
  readonly interactions?: Readonly<Record<string, Interaction>>
}

interface Check {
  readonly name: string
  readonly status: string
  readonly failure_info?: { readonly failure: { readonly message: string } }
}

interface Interaction {
  readonly request: { readonly method: string; readonly uri: string; readonly body: Body | null }
  readonly response: { readonly status_code: number; readonly content: Body | null } | null
}

interface Body {
  readonly $base64: string
}

interface Problem {
  readonly type?: string
  readonly detail?: string
  readonly errors?: readonly { readonly pointer: string; readonly type: string }[]
}

export const PHASES = ['examples', 'coverage', 'fuzzing', 'stateful']

export function readReport(ndjson: string): Report {
  const findings: Finding[] = []
  const succeeded = new Set<string>()
  const phases = new Set<string>()
  let exchanges = 0
  for (const line of ndjson.split('\n').filter((text) => text !== '')) {
    const event = JSON.parse(line) as Event
    const ended = event.PhaseFinished
    if (ended?.status === 'success' || ended?.status === 'failure') phases.add(ended.phase.name)
    const { phase, recorder } = event.ScenarioFinished ?? {}
    if (phase === undefined || recorder === undefined) continue
    for (const [id, { value }] of Object.entries(recorder.cases ?? {})) {
      const interaction = recorder.interactions?.[id]
      if (interaction === undefined) continue
      exchanges += 1
      const operation = `${value.method} ${value.path}`
      const status = interaction.response?.status_code
      if (status !== undefined && status < 400) succeeded.add(operation)
      for (const check of recorder.checks?.[id] ?? []) {
        if (check.status === 'success') continue
        const message = check.failure_info?.failure.message ?? check.status
        const refusals = refusalsOf(interaction)
        findings.push({
          check: check.name,
          operation,
          phase,
          status,
          refusals,
          message,
          request: describe(interaction),
        })
      }
    }
  }
  return { exchanges, findings, succeeded, phases }
}

/** What makes a run worthless although it found nothing: phases that did not end, operations that never succeeded. */
export function hollow({ phases, succeeded }: Report, operations: readonly string[]): string[] {
  const missing = PHASES.filter((phase) => !phases.has(phase))
  return [
    ...missing.map((phase) => `The phase ${phase} did not come to its end.`),
    ...operations
      .filter((operation) => !succeeded.has(operation))
      .map((operation) => `${operation} never succeeded, so little of it was tried.`),
  ]
}

/** The allowed refusals that explain a finding; undefined if it is a fault. */
export function explain(finding: Finding, allowed: readonly Allowed[]): readonly Allowed[] | undefined {
  // It takes 413 for no refusal of a wrong body.
  if (finding.check === 'negative_data_rejection' && finding.status === 413) return []
  if (finding.check !== 'positive_data_acceptance' || finding.refusals.length === 0) return undefined
  const reasons = finding.refusals.map((refusal) => allowed.find((entry) => entry.refusal === refusal))
  return reasons.every((reason) => reason !== undefined) ? reasons : undefined
}

function refusalsOf({ response }: Interaction): string[] {
  const problem = problemOf(response?.content ?? null)
  const type = problem?.type?.replace('/problems/', '')
  if (problem === undefined || type === undefined) return []
  if (problem.errors !== undefined)
    return problem.errors.map((error) => `${error.pointer.replaceAll(/\/\d+/g, '/*')} ${error.type}`)
  // Of everything that is malformed, the words tell which.
  return [type === 'malformed-request' ? `${type}: ${problem.detail}` : type]
}

function problemOf(content: Body | null): Problem | undefined {
  try {
    return content === null ? undefined : (JSON.parse(textOf(content)) as Problem)
  } catch {
    return undefined
  }
}

function describe({ request, response }: Interaction): string {
  const body = request.body === null ? '' : `\n    ${textOf(request.body).slice(0, 1_000)}`
  const reply = response === null ? 'no reply' : `${response.status_code} ${textOf(response.content).slice(0, 1_000)}`
  return `${request.method} ${request.uri}${body}\n    ${reply}`
}

const textOf = (body: Body | null): string => Buffer.from(body?.$base64 ?? '', 'base64').toString('utf8')
