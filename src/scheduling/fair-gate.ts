/** Lets only so much work run at once, and shares the wait fairly between those who ask for it. */
export interface FairGate {
  /**
   * Runs `work` as soon as a slot is free, first come first served within a key. Throws what `busy` makes when the queue is
   * full or the wait too long; `work` has not begun then and never will.
   */
  readonly run: <T>(work: () => Promise<T>, requester?: Requester) => Promise<T>
}

/** Who asks for work to be done. */
export interface Requester {
  /**
   * Requests of one key share the queue with those of others: in a full queue, a request whose key has fewer places takes
   * the last place of the key that has most, and keys take turns. So a flood from one keeps no other out, nor waiting for
   * long.
   */
  readonly key?: string
  /** The client went away: a place in the queue is given up. Work that has begun goes on, and keeps its slot. */
  readonly signal?: AbortSignal
  /** How long this one may wait, in milliseconds; as long as any other unless it says so. */
  readonly patienceMs?: number
}

interface GateOptions {
  /** How much work may run at once; at least one. */
  readonly slots: number
  /** How many may wait. */
  readonly queue: number
  /** How long one may wait, in milliseconds. */
  readonly waitMs: number
  /** What is thrown when there is no room or no time left; `cause` is why the client went away, if it did. */
  readonly busy: (cause?: unknown) => Error
}

interface Place {
  readonly key: string
  readonly admit: () => void
  readonly refuse: () => void
}

export function createFairGate({ slots, queue, waitMs, busy }: GateOptions): FairGate {
  const maxRunning = Math.max(1, slots)
  /** In the order of arrival. */
  const waiting = new Set<Place>()
  let running = 0
  let lastAdmitted = ''

  /** Of a full queue: the place that a request of this key may take, if any. */
  const placeFor = (key: string): Place | undefined => {
    const counts = new Map<string, number>()
    for (const place of waiting) counts.set(place.key, (counts.get(place.key) ?? 0) + 1)
    const largest = Math.max(...counts.values())
    if (largest <= (counts.get(key) ?? 0) + 1) return undefined
    return [...waiting].findLast((place) => counts.get(place.key) === largest)
  }

  const enter = async ({ key = '', signal, patienceMs = waitMs }: Requester): Promise<void> => {
    if (signal?.aborted === true) throw busy(signal.reason)
    if (running < maxRunning) {
      running += 1
      return
    }
    if (waiting.size >= queue) {
      const taken = placeFor(key)
      if (taken === undefined) throw busy()
      taken.refuse()
    }
    await new Promise<void>((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', refuse)
        waiting.delete(place)
      }
      const admit = (): void => {
        leave()
        resolve()
      }
      const refuse = (): void => {
        leave()
        reject(busy(signal?.aborted === true ? signal.reason : undefined))
      }
      const timer = setTimeout(refuse, patienceMs)
      signal?.addEventListener('abort', refuse)
      const place = { key, admit, refuse }
      waiting.add(place)
    })
  }

  /** The slot goes from hand to hand: it is never free while a request waits, so none can jump the queue. */
  const exit = (): void => {
    const [first] = waiting
    if (first === undefined) {
      running -= 1
      return
    }
    const next = [...waiting].find(({ key }) => key !== lastAdmitted) ?? first
    lastAdmitted = next.key
    next.admit()
  }

  return {
    run: async (work, requester = {}) => {
      await enter(requester)
      try {
        return await work()
      } finally {
        exit()
      }
    },
  }
}
