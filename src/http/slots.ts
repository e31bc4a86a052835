/** The slot of one request among those that the server works on. */
export interface Slot {
  /** The server is done with the request, or waits for its client. May be called again. */
  readonly leave: () => void
  /** The server goes on with the request, however many others there are by now. */
  readonly comeBack: () => void
}

/**
 * Counts the requests that the server works on. Those that wait for a body to arrive or a reply to be read are none of
 * them, and neither is an open stream: slow clients take no slots.
 */
export interface Slots {
  readonly take: (requester: string) => Slot
  /** Whether there is no slot for another request of this requester. */
  readonly isFull: (requesterOf: () => string) => boolean
  readonly count: () => number
}

/**
 * All that is worked on at once shares one event loop and the connections to the database, so more slots make all
 * slower and nothing faster. At a thousand requests a second, these make half a second.
 */
const MAX = 512
/** One requester leaves the other half to others. */
const MAX_OF_ONE = MAX / 2

export function createSlots({ max = MAX, maxOfOne = MAX_OF_ONE } = {}): Slots {
  /** Only requesters with a slot are kept. */
  const counts = new Map<string, number>()
  let total = 0
  return {
    take: (requester) => {
      let isTaken = false
      const comeBack = (): void => {
        if (isTaken) return
        isTaken = true
        total += 1
        counts.set(requester, (counts.get(requester) ?? 0) + 1)
      }
      comeBack()
      return {
        comeBack,
        leave: () => {
          if (!isTaken) return
          isTaken = false
          total -= 1
          const left = (counts.get(requester) ?? 1) - 1
          if (left > 0) counts.set(requester, left)
          else counts.delete(requester)
        },
      }
    },
    isFull: (requesterOf) => total >= max || (total >= maxOfOne && (counts.get(requesterOf()) ?? 0) >= maxOfOne),
    count: () => total,
  }
}
