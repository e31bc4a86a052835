import { unavailable } from '../../http/problem.ts'
import type { Caller } from '../types.ts'

/** The long lists that are being sent: each holds an item in memory until its client has taken it. */
export interface LongLists {
  /** Adds one; call the result when it is sent. Throws a 503 when the account, or all together, have too many. */
  readonly open: (caller: Caller | undefined) => () => void
}

const MAX_PER_USER = 16
const MAX_IN_ALL = 48

export function createLongLists(maxPerUser = MAX_PER_USER, maxInAll = MAX_IN_ALL): LongLists {
  const counts = new Map<string, number>()
  let inAll = 0
  return {
    open: (caller) => {
      const user = caller?.userId ?? ''
      const count = counts.get(user) ?? 0
      if (count >= maxPerUser || inAll >= maxInAll) throw unavailable('Too many long lists are being sent right now.')
      counts.set(user, count + 1)
      inAll += 1
      let isOpen = true
      return () => {
        if (!isOpen) return
        isOpen = false
        inAll -= 1
        const left = (counts.get(user) ?? 1) - 1
        if (left > 0) counts.set(user, left)
        else counts.delete(user)
      }
    },
  }
}
