import { createFairGate, type FairGate } from './fair-gate.ts'

/** Lets work that contends for the same thing take turns, so that only those whose turn it is hold resources. */
export interface Turns {
  /**
   * Runs `work` when it is its turn among all work with this key. Throws the error of `busy` if too many wait, if the
   * wait is too long or if the signal is aborted; then `work` has not begun and never will.
   */
  readonly run: <T>(key: string, work: () => Promise<T>, signal?: AbortSignal) => Promise<T>
}

export interface TurnOptions {
  /** How much work with one key may run at once. */
  readonly slots: number
  /** How much work with one key may wait while turns change hands. */
  readonly queue: number
  /** How much may wait once no turn has begun for `stuckMs`: what runs is held up, and so would be what waits. */
  readonly queueWhenStuck: number
  readonly stuckMs: number
  /** How long work may wait for its turn, in milliseconds. */
  readonly waitMs: number
  /** Creates the error for work that gets no turn; `cause` is the reason of its aborted signal, if any. */
  readonly busy: (cause?: unknown) => Error
}

/** The work with one key. */
interface Line {
  readonly gate: FairGate
  running: number
  waiting: number
  /** When the latest turn began, in milliseconds as performance.now() counts them. */
  latest: number
}

export function createTurns(options: TurnOptions): Turns {
  const { slots, queueWhenStuck, stuckMs, busy } = options
  /** Only keys with work are kept. */
  const lines = new Map<string, Line>()

  const lineOf = (key: string): Line => {
    const known = lines.get(key)
    if (known !== undefined) return known
    const line = { gate: createFairGate(options), running: 0, waiting: 0, latest: 0 }
    lines.set(key, line)
    return line
  }
  const isStuck = ({ running, latest }: Line): boolean => running >= slots && performance.now() - latest > stuckMs

  return {
    run: async (key, work, signal) => {
      const line = lineOf(key)
      if (line.waiting >= queueWhenStuck && isStuck(line)) throw busy()
      let begun = false
      line.waiting += 1
      const turn = () => {
        begun = true
        line.waiting -= 1
        line.running += 1
        line.latest = performance.now()
        return work()
      }
      try {
        return await line.gate.run(turn, signal === undefined ? {} : { signal })
      } finally {
        if (begun) line.running -= 1
        else line.waiting -= 1
        if (line.running + line.waiting === 0) lines.delete(key)
      }
    },
  }
}
