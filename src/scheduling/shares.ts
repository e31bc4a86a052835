import { createFairGate } from './fair-gate.ts'
import { createTurns } from './turns.ts'

/** Bounds how much work runs at once, in all and for each requester. */
export interface Shares {
  /**
   * Runs `work` as soon as it has a slot, and one of its requester's. Throws the error of `busy` if too many wait, if
   * the wait is too long or if the signal is aborted; then `work` has not begun and never will.
   */
  readonly run: <T>(requester: string, work: () => Promise<T>, signal?: AbortSignal) => Promise<T>
}

export interface ShareOptions {
  /** How much work may run at once. */
  readonly slots: number
  /** How much of one requester's work may run at once. */
  readonly slotsEach: number
  /** How much work may wait. */
  readonly queue: number
  /** How long work may wait for each of its slots, in milliseconds. */
  readonly waitMs: number
  readonly busy: (cause?: unknown) => Error
}

export function createShares({ slots, slotsEach, queue, waitMs, busy }: ShareOptions): Shares {
  const all = createFairGate({ slots, queue, waitMs, busy })
  // Nothing is known to be stuck before its time is over, so as many may wait then.
  const each = createTurns({ slots: slotsEach, queue, queueWhenStuck: queue, stuckMs: waitMs, waitMs, busy })
  return {
    run: (requester, work, signal) => {
      const share = { key: requester, ...(signal !== undefined && { signal }) }
      return each.run(requester, () => all.run(work, share), signal)
    },
  }
}
