import { unavailable } from '../http/problem.ts'

/** Lets only so many password hashes run at once, so that a flood of logins leaves threads for everybody else. */
export interface HashGate {
  /**
   * Runs `work` as soon as a slot is free, first come first served. Throws a 503 with Retry-After when the queue is
   * full or the wait too long; `work` has not begun then and never will. A `signal` (the client went away) gives up a
   * place in the queue; work that has begun keeps its slot until it ends, because a hash cannot be stopped.
   */
  readonly run: <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>
  /** Throws the same 503 while the queue is full: to be asked before anything is spent on a request, such as a query. */
  readonly refuseWhenFull: () => void
}

interface GateOptions {
  /** How much work may run at once; at least one. */
  readonly slots: number
  /** How many may wait. */
  readonly queue: number
  /** How long one may wait, in milliseconds. */
  readonly waitMs: number
}

export function createHashGate({ slots, queue, waitMs }: GateOptions): HashGate {
  const most = Math.max(1, slots)
  /** Insertion order is the order of arrival. Each takes the slot of the work that ended. */
  const waiting = new Set<() => void>()
  let running = 0

  const isFull = (): boolean => running >= most && waiting.size >= queue

  const enter = async (signal: AbortSignal | undefined): Promise<void> => {
    if (signal?.aborted === true) throw tooBusy(signal.reason)
    if (running < most) {
      running += 1
      return
    }
    if (isFull()) throw tooBusy()
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', giveUp)
        waiting.delete(admit)
      }
      const admit = (): void => {
        leave()
        resolve()
      }
      const giveUp = (): void => {
        leave()
        reject(tooBusy(signal?.aborted === true ? signal.reason : undefined))
      }
      const timer = setTimeout(giveUp, waitMs)
      signal?.addEventListener('abort', giveUp)
      waiting.add(admit)
    })
  }

  /** The slot goes from hand to hand: it is never free while somebody waits, so nobody can jump the queue. */
  const exit = (): void => {
    const [next] = waiting
    if (next === undefined) running -= 1
    else next()
  }

  return {
    refuseWhenFull: () => {
      if (isFull()) throw tooBusy()
    },
    run: async (work, signal) => {
      await enter(signal)
      try {
        return await work()
      } finally {
        exit()
      }
    },
  }
}

function tooBusy(cause?: unknown) {
  return unavailable('The server is busy checking other passwords right now.', cause)
}
