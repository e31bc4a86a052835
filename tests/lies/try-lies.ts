import { findUncompiled } from './compile.ts'
import type { FailedTest, Verdict } from './judge.ts'
import type { Lie } from './lie.ts'
import type { Project } from './project.ts'
import { openSlot, type Slot } from './slot.ts'

/** The outcome of a lie: its gate turned red, stayed green, or was broken. */
export interface Outcome {
  readonly lie: Lie
  readonly state: 'caught' | 'SURVIVED' | 'broken'
  readonly reason: string
  readonly seconds: number
  /** What caught it, if a test did. */
  readonly test?: FailedTest | undefined
}

interface Options {
  /** The number of copies in use at once. */
  readonly slots: number
  readonly signal: AbortSignal
  /** The gates have just passed, so they are not run without a lie once more. */
  readonly isPassed?: boolean | undefined
  readonly onGate: (name: string, verdict: Verdict, seconds: number) => void
  readonly onOutcome: (outcome: Outcome) => void
}

/** Gates are red without a lie, so they would prove nothing about lies. */
export class RedGates extends Error {}

const STATES = { red: 'caught', green: 'SURVIVED', broken: 'broken' } as const

/** Plants each lie in a copy of the project and runs its gate. Before that, each gate must pass without a lie. */
export async function tryLies(project: Project, lies: readonly Lie[], options: Options): Promise<Outcome[]> {
  const { slots: count, onGate, onOutcome } = options
  const failure = new AbortController()
  const signal = AbortSignal.any([options.signal, failure.signal])
  const opened = await Promise.allSettled(
    Array.from({ length: Math.min(count, lies.length) }, () => openSlot(project, signal)),
  )
  const slots = opened.flatMap((slot) => (slot.status === 'fulfilled' ? [slot.value] : []))
  const each = <T>(work: readonly T[], run: (slot: Slot, piece: T) => Promise<void>) => share(slots, work, run, failure)
  try {
    for (const slot of opened) if (slot.status === 'rejected') throw slot.reason
    const failing: string[] = []
    const unseen = options.isPassed === true ? [] : [...new Set(lies.map(({ gate }) => gate))]
    await each(unseen, async (slot, name) => {
      const { took, verdict } = await timed(() => slot.judgeUnchanged(gateCalled(project, name)))
      onGate(name, verdict, took)
      if (verdict.state !== 'green') failing.push(name)
    })
    if (failing.length > 0) throw new RedGates(`These gates do not pass without a lie: ${failing.join(', ')}`)

    const compiled = lies.filter((lie) => gateCalled(project, lie.gate).failsBy === 'tests')
    const [anySlot] = slots
    // Programs that check the document alone need no compiled code.
    const uncompiled = anySlot === undefined ? new Map() : await findUncompiled(anySlot, compiled)
    const outcomes: Outcome[] = []
    await each(lies, async (slot, lie) => {
      const { took, verdict } = await timed(async () => {
        const reason = uncompiled.get(lie)
        if (reason !== undefined) return { state: 'broken', reason }
        return await slot.judgeLie(gateCalled(project, lie.gate), lie)
      })
      const outcome = { lie, state: STATES[verdict.state], reason: verdict.reason, seconds: took, test: verdict.test }
      outcomes.push(outcome)
      onOutcome(outcome)
    })
    return outcomes
  } finally {
    await Promise.allSettled(slots.map((slot) => slot.close()))
  }
}

function gateCalled(project: Project, name: string) {
  const gate = project.gates[name]
  if (gate === undefined) throw new Error(`There is no gate called ${name}`)
  return gate
}

/** Each slot takes the next piece of work when it has finished one. When one throws, the others end too. */
async function share<T>(
  slots: readonly Slot[],
  work: readonly T[],
  run: (slot: Slot, piece: T) => Promise<void>,
  failure: AbortController,
): Promise<void> {
  const queue = [...work]
  const runs = slots.map(async (slot) => {
    for (let piece = queue.shift(); piece !== undefined; piece = queue.shift()) await run(slot, piece)
  })
  for (const each of runs) each.catch((error: unknown) => failure.abort(error))
  await Promise.allSettled(runs)
  failure.signal.throwIfAborted()
}

async function timed(work: () => Promise<Verdict>): Promise<{ readonly took: number; readonly verdict: Verdict }> {
  const started = performance.now()
  const verdict = await work()
  return { took: (performance.now() - started) / 1_000, verdict }
}
