import assert from 'node:assert/strict'
import { isDeepStrictEqual } from 'node:util'
import type { Json } from '../../../src/contract/document/document.ts'
import type { OperationId } from '../../../src/contract/types.ts'
import type { Answer } from '../../support/people.ts'
import type { TestServer } from '../../support/server.ts'
import { allRows } from '../harness/database-rows.ts'
import { operationCalled } from '../harness/document-examples.ts'
import { defaultAt, fieldAt } from './fields.ts'
import { masked, toText } from './mask.ts'
import { type Request, type Sender, sendRequest, withValue } from './request.ts'

/** What exists before a request, and the request without the field that is tested. */
export interface State extends Sender {
  readonly request?: Request
  /** The server of the request, if it is not the usual one. */
  readonly server?: TestServer
}

export interface Seen<S> {
  readonly answer: Answer
  readonly state: S
  readonly server: TestServer
}

/** A value of the field, what is seen with it, and the status if it is not a success. `undefined` leaves the field out. */
type Sample<S> = readonly [send: Json | undefined | ((state: S) => Json), sees: unknown, status?: number]

export interface EffectOptions<S extends State> {
  /** Makes the same state again for each sample. It is made once if the operation only reads. */
  readonly given: (server: TestServer, sent: Json | undefined) => Promise<S>
  /** Reads what the field is for, from the answer or the database. The body of the answer by default. */
  readonly sees?: (seen: Seen<S>) => unknown
  readonly samples: readonly Sample<S>[]
  /** Set if the field exists to refuse requests, so that a refusal is its effect. */
  readonly guards?: true
  /** The words of the document that say that the field has no effect. All samples must then look the same. */
  readonly ignored?: string
}

interface Outcome {
  readonly covers: readonly string[]
  readonly status: number
  readonly seen: unknown
}

export interface Effect {
  readonly name: string
  readonly ignored: string | undefined
  /** What each sample is expected to show; without a status, a success. */
  readonly expected: readonly { readonly send: unknown; readonly status: number | undefined; readonly seen: unknown }[]
  readonly run: (server: TestServer) => Promise<readonly Outcome[]>
  /** Which fields the outcomes show an effect of, and what is wrong with the outcomes as a whole. */
  readonly judge: (outcomes: readonly Outcome[]) => {
    readonly shown: readonly string[]
    readonly faults: readonly string[]
  }
}

const READS: ReadonlySet<string> = new Set(['get'])
/** A refusal changes no rows, except that a wrong password is counted and listed for the owner. */
const COUNTS_FAILURES = /^(login_failures|security_events|known_addresses) /

/**
 * Shows what a field does. It sends one request for each sample, each from the same state, and the requests differ in
 * one place only. `where` is that place: `query sort`, `body edits[0].text`, `header If-Match`, `path note_id` or
 * `media type`. With `state` the requests are the same and `given` gets the sample: it makes different states.
 */
export function effect<S extends State>(operationId: OperationId, where: string, options: EffectOptions<S>): Effect {
  const operation = operationCalled(operationId)
  const [, kind = '', place = ''] = /^(media type|\w+) ?(.*)$/.exec(where) ?? []
  const keys = kind === 'body' ? place.split(/[.[\]]+/).filter((key) => key !== '') : [place]
  const { samples, given, sees = bodyOf } = options

  async function run(server: TestServer): Promise<Outcome[]> {
    const outcomes: Outcome[] = []
    let shared: S | undefined
    for (const [send, , status] of samples) {
      const sent = kind === 'state' ? (send as Json | undefined) : undefined
      const state: S = shared ?? (await given(server, sent))
      if (READS.has(operation.method) && kind !== 'state') shared = state
      const value = typeof send === 'function' ? send(state) : send
      const request =
        kind === 'state' || kind === 'media type'
          ? (state.request ?? {})
          : withValue(state.request ?? {}, kind, keys, value)
      const before = status === undefined ? undefined : await rowsOf(server)
      const answer = await sendRequest(
        state.server ?? server,
        operation,
        state,
        request,
        kind === 'media type' ? toText(value) : undefined,
      )
      if (before !== undefined && status !== 200) refuseChanges(before, await rowsOf(server))
      outcomes.push({
        covers: covered(request, value),
        status: answer.status,
        seen: masked(await sees({ answer, state, server })),
      })
    }
    return outcomes
  }

  function covered(request: Request, value: Json | undefined): string[] {
    if (kind === 'state') return []
    const { name, marks } = fieldAt(
      operation,
      kind,
      kind === 'media type' ? [toText(value)] : keys,
      request.body ?? null,
    )
    return [name, ...marks.filter(({ matches }) => matches(value)).map((mark) => mark.name)]
  }

  function judge(outcomes: readonly Outcome[]) {
    const shown = new Set<string>()
    const isTold = outcomes.map((outcome) => {
      const others = outcomes.filter(({ seen }) => !isDeepStrictEqual(seen, outcome.seen))
      if (options.ignored !== undefined) return others.length === 0
      return (options.guards === true ? others : others.filter(({ status }) => status < 400)).length > 0
    })
    for (const [index, { covers }] of outcomes.entries())
      if (isTold[index] === true) for (const name of covers) shown.add(name)
    const faults = isTold.includes(true)
      ? []
      : [options.ignored === undefined ? 'shows no effect' : 'has an effect after all']
    const preset = defaultAt(operation, kind, keys)
    const [absent, explicit] = [undefined, preset].map(
      (value) => outcomes[samples.findIndex(([send]) => isDeepStrictEqual(send, value))],
    )
    // Leaving a field out means its default only if both were tried and look the same.
    if (absent !== undefined && explicit === undefined)
      for (const name of absent.covers) if (name.endsWith(' left out')) shown.delete(name)
    if (
      preset !== undefined &&
      absent !== undefined &&
      explicit !== undefined &&
      !isDeepStrictEqual(absent.seen, explicit.seen)
    ) {
      faults.push(`is not ${JSON.stringify(preset)} when left out`)
    }
    return { shown: [...shown], faults }
  }

  const expected = samples.map(([send, seen, status]) => ({
    send: typeof send === 'function' ? 'by state' : send,
    status,
    seen,
  }))
  return { name: `${operationId} ${where}`, ignored: options.ignored, expected, run, judge }
}

function bodyOf({ answer }: Seen<State>): unknown {
  return answer.body
}

async function rowsOf({ db }: TestServer): Promise<readonly string[]> {
  return (await allRows(db)).filter((row) => !COUNTS_FAILURES.test(row))
}

function refuseChanges(before: readonly string[], after: readonly string[]): void {
  const old = new Set(before)
  const changed = after.filter((row) => !old.has(row))
  if (changed.length > 0 || before.length !== after.length) assert.fail(`A refusal changed rows: ${changed.join('; ')}`)
}
