/** Limits how much work runs at once, and shares the queue for it fairly between requesters. */
export interface FairGate {
  /**
   * Runs `work` as soon as a slot is free, first come first served within a key. Throws the error of `busy` if the
   * queue is full, the wait is too long or the signal is aborted; then `work` has not begun and never will.
   */
  readonly run: <T>(work: () => Promise<T>, requester?: Requester) => Promise<T>
  /** Of this process, how much runs and how much waits. */
  readonly state: () => GateState
}

export interface GateState {
  readonly running: number
  readonly waiting: number
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

export interface GateLimits {
  /** How much work may run at once, at least 1. */
  readonly slots: number
  /** How much work with one key may run at once; without it, as much as there are slots. */
  readonly slotsPerKey?: number
  /** How many requests may wait. */
  readonly queue: number
  /** How long a request may wait, in milliseconds. */
  readonly waitMs: number
}

export interface GateOptions extends GateLimits {
  /** Creates the error for a request that gets no slot; `cause` is the reason of its aborted signal, if any. */
  readonly busy: (cause?: unknown) => Error
}

/** Makes the gate with this name. All processes of a server that ask for one with the same name share its slots. */
export type CreateGate = (name: string, options: GateOptions) => FairGate

/** For a server that is one process. */
export const createOwnGate: CreateGate = (_name, options) => createFairGate(options)

interface Place {
  readonly key: string
  readonly admit: () => void
  readonly refuse: () => void
}

export function createFairGate(options: GateOptions): FairGate {
  const { queue, waitMs, busy } = options
  const maxRunning = Math.max(1, options.slots)
  const maxPerKey = options.slotsPerKey ?? maxRunning
  /** In the order of arrival. */
  const waiting = new Set<Place>()
  /** How much runs, by key. Only keys with work are kept. */
  const runningOf = new Map<string, number>()
  let running = 0
  let lastAdmitted = ''

  const mayRun = (key: string): boolean => running < maxRunning && (runningOf.get(key) ?? 0) < maxPerKey
  const begin = (key: string): void => {
    running += 1
    runningOf.set(key, (runningOf.get(key) ?? 0) + 1)
  }

  const enter = async ({ key = '', signal, patienceMs = waitMs }: Requester): Promise<void> => {
    if (signal?.aborted === true) throw busy(signal.reason)
    if (mayRun(key)) return begin(key)
    if (waiting.size >= queue) {
      const taken = placeFor(key, waiting)
      if (taken === undefined) throw busy()
      taken.refuse()
    }
    await admission(waiting, { key, signal, patienceMs, busy })
  }

  /** Hands the slot on at once, so that a new request cannot take it before one that waits and may run. */
  const exit = ({ key = '' }: Requester): void => {
    running -= 1
    const left = (runningOf.get(key) ?? 1) - 1
    if (left > 0) runningOf.set(key, left)
    else runningOf.delete(key)
    const able = [...waiting].filter((place) => mayRun(place.key))
    const next = able.find((place) => place.key !== lastAdmitted) ?? able[0]
    if (next === undefined) return
    lastAdmitted = next.key
    begin(next.key)
    next.admit()
  }

  return {
    run: async (work, requester = {}) => {
      await enter(requester)
      try {
        return await work()
      } finally {
        exit(requester)
      }
    },
    state: () => ({ running, waiting: waiting.size }),
  }
}

/** Takes a slot, and holds it until the result is called. Throws as `run` does. */
export function holdSlot(gate: FairGate, requester?: Requester): Promise<() => void> {
  return new Promise((resolve, reject) => {
    const held = (): Promise<void> => new Promise((release) => resolve(release))
    gate.run(held, requester).catch(reject)
  })
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
