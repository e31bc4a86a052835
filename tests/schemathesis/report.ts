/**
 * Ours, instead of Schemathesis's positive_data_acceptance: that one takes some refusals for granted, shows only the
 * first of several in a sequence of requests, and ends the sequence there.
 */
export const REFUSED = 'valid_request_refused'

/** What was found in one exchange. */
export interface Finding {
  /** A check of Schemathesis, or `REFUSED`. */
  readonly check: string
  /** Method and path, as the contract has it. */
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
  /** How many there were in each phase. */
  readonly exchanges: ReadonlyMap<string, number>
  readonly findings: readonly Finding[]
  /** The operations, as method and path, that succeeded at least once. */
  readonly succeeded: ReadonlySet<string>
  /** The phases that came to an end. */
  readonly phases: ReadonlySet<string>
  /** The links of the contract that were followed. */
  readonly links: ReadonlySet<string>
  /** How many there are. */
  readonly allLinks: number
}

/** The events of `--report ndjson`, as far as they are read here. */
interface Event {
  readonly LoadingFinished?: { readonly statistic: { readonly transitions: { readonly selected: number } } }
  readonly ScenarioFinished?: { readonly phase: string; readonly recorder: Recorder }
  readonly PhaseFinished?: { readonly phase: { readonly name: string }; readonly status: string }
}

interface Recorder {
  /** Missing when the scenario had nothing to try. */
  readonly cases?: Readonly<Record<string, Case>>
  readonly checks?: Readonly<Record<string, readonly Check[]>>
  readonly interactions?: Readonly<Record<string, Interaction>>
}

interface Case {
  readonly value: {
    readonly method: string
    readonly path: string
    readonly meta?: { readonly generation?: { readonly mode?: string } } | null
  }
  /** Schemathesis infers other links from names of fields. */
  readonly transition?: { readonly id: string; readonly is_inferred?: boolean } | null
}

interface Check {
  readonly name: string
  readonly status: string
  readonly failure_info?: { readonly failure: { readonly message: string } }
}

interface Interaction {
  readonly request: { readonly method: string; readonly uri: string; readonly body?: Body | null }
  readonly response: { readonly status_code: number; readonly content?: Body | null } | null
}

interface Body {
  readonly $base64: string
}

interface Problem {
  readonly type?: string
  readonly detail?: string
  readonly errors?: readonly { readonly pointer: string; readonly type: string }[]
}

export function readReport(ndjson: string): Report {
  const findings: Finding[] = []
  const [succeeded, phases, links] = [new Set<string>(), new Set<string>(), new Set<string>()]
  const exchanges = new Map<string, number>()
  let allLinks = 0
  for (const line of ndjson.split('\n').filter((text) => text !== '')) {
    const event = JSON.parse(line) as Event
    allLinks = event.LoadingFinished?.statistic.transitions.selected ?? allLinks
    const ended = event.PhaseFinished
    if (ended?.status === 'success' || ended?.status === 'failure') phases.add(ended.phase.name)
    const { phase, recorder } = event.ScenarioFinished ?? {}
    if (phase === undefined || recorder === undefined) continue
    for (const [id, { value, transition }] of Object.entries(recorder.cases ?? {})) {
      const interaction = recorder.interactions?.[id]
      if (interaction === undefined) continue
      exchanges.set(phase, (exchanges.get(phase) ?? 0) + 1)
      if (transition && transition.is_inferred !== true) links.add(transition.id)
      const place = { operation: `${value.method} ${value.path}`, phase, status: interaction.response?.status_code }
      const { status: replied = 500 } = place
      if (replied < 400) succeeded.add(place.operation)
      const checks = recorder.checks?.[id] ?? []
      const found = checks.flatMap(({ name, status, failure_info: failed }) =>
        status === 'success' ? [] : [{ check: name, message: failed?.failure.message ?? status }],
      )
      // Requests that belong to a check, such as one without Authorization, have no checks of their own.
      if (value.meta?.generation?.mode === 'positive' && checks.length > 0 && replied >= 400 && replied < 500)
        found.push({ check: REFUSED, message: 'The request fits its schemas and is refused.' })
      const [refusals, request] = [refusalsOf(interaction), describe(interaction)]
      findings.push(...found.map((finding) => ({ ...finding, ...place, refusals, request })))
    }
  }
  return { exchanges, findings, succeeded, phases, links, allLinks }
}

function refusalsOf({ response }: Interaction): string[] {
  const problem = problemOf(response?.content)
  const type = problem?.type?.replace('/problems/', '')
  if (problem === undefined || type === undefined) return []
  if (problem.errors !== undefined)
    return problem.errors.map((error) => `${error.pointer.replaceAll(/\/\d+/g, '/*')} ${error.type}`)
  // Of everything that is malformed, the words tell which.
  return [type === 'malformed-request' ? `${type}: ${problem.detail}` : type]
}

function problemOf(content: Body | null | undefined): Problem | undefined {
  try {
    return JSON.parse(textOf(content)) as Problem
  } catch {
    return undefined
  }
}

function describe({ request, response }: Interaction): string {
  const body = textOf(request.body)
  const reply = response === null ? 'no reply' : `${response.status_code} ${textOf(response.content).slice(0, 1_000)}`
  return `${request.method} ${request.uri}${body === '' ? '' : `\n    ${body.slice(0, 1_000)}`}\n    ${reply}`
}

const textOf = (body: Body | null | undefined): string => Buffer.from(body?.$base64 ?? '', 'base64').toString('utf8')
