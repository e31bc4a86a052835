/** Limits how much work runs at once, and shares the queue fairly between requesters. */
export interface FairGate {
  /**
   * Runs `work` as soon as a slot is free, first come first served within a key. Throws what `busy` makes when the
   * queue is full or the wait too long; in that case `work` never starts.
   */
  readonly run: <T>(work: () => Promise<T>, requester?: Requester) => Promise<T>
}

/** Whose work it is, and how long it may wait. */
export interface Requester {
  /**
   * Keys take turns. When the queue is full, a request whose key has fewer places takes the last place of the key that
   * has most. So a flood from one key neither shuts out nor long delays the others.
   */
  readonly key?: string
  /**
   * Aborted when the client goes away: a waiting request leaves the queue; running work continues and keeps its slot.
   */
  readonly signal?: AbortSignal
  /** How long this request may wait, in milliseconds; by default `waitMs` of the gate. */
  readonly patienceMs?: number
}

interface GateOptions {
  /** How many pieces of work may run at once; at least one. */
  readonly slots: number
  /** How many requests may wait. */
  readonly queue: number
  /** How long a request may wait, in milliseconds. */
  readonly waitMs: number
  /** Makes the error for a full queue or a wait that is too long; `cause` is the abort reason of the signal, if any. */
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

  /** The place in a full queue that a request with this key may take, if any. */
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

  /** Hands the slot straight to a waiting request: it is never free meanwhile, so no request can jump the queue. */
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
