/** Limits how much work runs at once, and shares the queue for it fairly between requesters. */
export interface FairGate {
  /**
   * Runs `work` as soon as a slot is free, first come first served within a key. Throws the error of `busy` if the
   * queue is full, the wait is too long or the signal is aborted; then `work` has not begun and never will.
   */
  readonly run: <T>(work: () => Promise<T>, requester?: Requester) => Promise<T>
}

/** On whose behalf the work is done. */
export interface Requester {
  /**
   * Keys share the queue. If it is full, a request whose key has fewer places takes the last place of the key with the
   * most; and keys take turns for slots. So a flood under one key does not shut out the others or delay them for long.
   */
  readonly key?: string
  /** Aborted when the result is no longer wanted. That frees the place in the queue; work that has begun goes on. */
  readonly signal?: AbortSignal
  /** How long this request may wait, in milliseconds, instead of `waitMs`. */
  readonly patienceMs?: number
}

interface GateOptions {
  /** How much work may run at once, at least 1. */
  readonly slots: number
  /** How many requests may wait. */
  readonly queue: number
  /** How long a request may wait, in milliseconds. */
  readonly waitMs: number
  /** Creates the error for a request that gets no slot; `cause` is the reason of its aborted signal, if any. */
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

  const enter = async ({ key = '', signal, patienceMs = waitMs }: Requester): Promise<void> => {
    if (signal?.aborted === true) throw busy(signal.reason)
    if (running < maxRunning) {
      running += 1
      return
    }
    if (waiting.size >= queue) {
      const taken = placeFor(key, waiting)
      if (taken === undefined) throw busy()
      taken.refuse()
    }
    await admission(waiting, { key, signal, patienceMs, busy })
  }

  /** Hands the slot to a waiting request. It is never free while one waits, so a new request cannot jump the queue. */
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

/** The place in a full queue that a request with this key may take, if any. */
function placeFor(key: string, waiting: ReadonlySet<Place>): Place | undefined {
  const counts = new Map<string, number>()
  for (const place of waiting) counts.set(place.key, (counts.get(place.key) ?? 0) + 1)
  const largest = Math.max(...counts.values())
  if (largest <= (counts.get(key) ?? 0) + 1) return undefined
  return [...waiting].findLast((place) => counts.get(place.key) === largest)
}

interface Waiting {
  readonly key: string
  readonly signal: AbortSignal | undefined
  readonly patienceMs: number
  readonly busy: GateOptions['busy']
}

/** Waits in the queue; resolves when the request is admitted, and rejects when it has to leave. */
function admission(waiting: Set<Place>, { key, signal, patienceMs, busy }: Waiting): Promise<void> {
  return new Promise((resolve, reject) => {
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
