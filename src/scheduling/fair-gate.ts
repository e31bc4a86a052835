import { unavailable } from '../http/problem.ts'

/** Lets only so many password hashes run at once, so that a flood of logins leaves threads for everybody else. */
export interface HashGate {
  /**
   * Runs `work` as soon as a slot is free, first come first served within an address. Throws a 503 with Retry-After when the queue is
   * full or the wait too long; `work` has not begun then and never will.
   */
  readonly run: <T>(work: () => Promise<T>, visitor?: Visitor) => Promise<T>
  /** Throws the same 503 while there is no room: to be asked before anything is spent on a request, such as a query. */
  readonly refuseWhenFull: (visitor?: Visitor) => void
}

/** Who asks for a hash. */
export interface Visitor {
  /**
   * Visitors of one address share the queue with those of others: in a full queue, one of an address with fewer places
   * takes the last place of the address that has most, and addresses take turns. So a flood from one keeps nobody else
   * out, nor waiting for long.
   */
  readonly address?: string
  /** The client went away: a place in the queue is given up. A hash that has begun cannot be stopped, and keeps its slot. */
  readonly signal?: AbortSignal
}

interface GateOptions {
  /** How much work may run at once; at least one. */
  readonly slots: number
  /** How many may wait. */
  readonly queue: number
  /** How long one may wait, in milliseconds. */
  readonly waitMs: number
}

interface Place {
  readonly address: string
  readonly admit: () => void
  readonly refuse: () => void
}

export function createHashGate({ slots, queue, waitMs }: GateOptions): HashGate {
  const most = Math.max(1, slots)
  /** In the order of arrival. */
  const waiting = new Set<Place>()
  let running = 0
  let lastAdmitted = ''

  /** Of a full queue: the place that a visitor of this address may take, if any. */
  const placeFor = (address: string): Place | undefined => {
    const counts = new Map<string, number>()
    for (const place of waiting) counts.set(place.address, (counts.get(place.address) ?? 0) + 1)
    const largest = Math.max(...counts.values())
    if (largest <= (counts.get(address) ?? 0) + 1) return undefined
    return [...waiting].findLast((place) => counts.get(place.address) === largest)
  }

  const isFull = (): boolean => running >= most && waiting.size >= queue

  const enter = async ({ address = '', signal }: Visitor): Promise<void> => {
    if (signal?.aborted === true) throw tooBusy(signal.reason)
    if (running < most) {
      running += 1
      return
    }
    if (isFull()) {
      const taken = placeFor(address)
      if (taken === undefined) throw tooBusy()
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
        reject(tooBusy(signal?.aborted === true ? signal.reason : undefined))
      }
      const timer = setTimeout(refuse, waitMs)
      signal?.addEventListener('abort', refuse)
      const place = { address, admit, refuse }
      waiting.add(place)
    })
  }

  /** The slot goes from hand to hand: it is never free while somebody waits, so nobody can jump the queue. */
  const exit = (): void => {
    const [first] = waiting
    if (first === undefined) {
      running -= 1
      return
    }
    const next = [...waiting].find(({ address }) => address !== lastAdmitted) ?? first
    lastAdmitted = next.address
    next.admit()
  }

  return {
    run: async (work, visitor = {}) => {
      await enter(visitor)
      try {
        return await work()
      } finally {
        exit()
      }
    },
    refuseWhenFull: ({ address = '' } = {}) => {
      if (isFull() && placeFor(address) === undefined) throw tooBusy()
    },
  }
}

function tooBusy(cause?: unknown) {
  return unavailable('The server is busy checking other passwords right now.', cause)
}
