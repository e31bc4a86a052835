import type { PostgresPool } from 'kysely'
import type { Pool } from 'pg'

/** A pool whose queue is bounded. */
export interface BoundedPool extends PostgresPool {
  /** How long the oldest request for a connection has waited, in milliseconds; 0 if none waits. */
  readonly waitedMs: () => number
  /** How many connections are there, and how many requests wait for one. */
  readonly state: () => { readonly busy: number; readonly idle: number; readonly waiting: number }
}

/** As many as requests may be under way, so that only what no request asked for can find the queue full. */
const MAX_WAITING = 512

/** Bounds the queue of a pool, which otherwise grows for as long as each in it may wait. */
export function boundQueue(pool: Pool, maxWaiting = MAX_WAITING): BoundedPool {
  /** When each was asked for that is not there yet, in the order in which they were. */
  const asked = new Set<{ readonly at: number }>()
  return {
    options: pool.options,
    connect: async () => {
      if (pool.waitingCount >= maxWaiting) throw new Error('Too many wait for a database connection')
      const own = { at: performance.now() }
      asked.add(own)
      try {
        return await pool.connect()
      } finally {
        asked.delete(own)
      }
    },
    end: () => pool.end(),
    state: () => ({ busy: pool.totalCount - pool.idleCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    waitedMs: () => {
      const [oldest] = asked
      return oldest === undefined ? 0 : performance.now() - oldest.at
    },
  }
}
