import { setTimeout as delay } from 'node:timers/promises'
import { Heartbeats } from '../../http/heartbeats.ts'
import { Problem, unavailable } from '../../http/problem.ts'
import type { Caller } from '../types.ts'

/** Why the server ends a stream: the `reason` of the event `end`. */
export type StreamEndReason = 'credential_ended' | 'server_stopping' | 'unavailable'

/** The abort reason of a stream's signal when the server ends the stream. */
export class StreamEnd extends Error {
  readonly reason: StreamEndReason
  constructor(reason: StreamEndReason) {
    super(`The stream ends: ${reason}`)
    this.reason = reason
  }
}

/** The open streams of this process. Limits their number, and ends those whose credential has ended. */
export interface Streams {
  /**
   * Adds a stream of this caller; call the result when the stream is over. Throws a 429 when the account has too many
   * streams, and a 503 when the server has too many or is stopping.
   */
  readonly open: (caller: Caller, abort: AbortController) => Promise<() => void>
  readonly count: () => number
  readonly heartbeats: Heartbeats
  /** Ends all streams, and refuses new ones. */
  readonly stop: () => void
}

export interface StreamOptions {
  /** The callers that may no longer be served: logged out, revoked, disabled or expired. One call for all streams. */
  readonly endedCallers: (callers: readonly Caller[]) => Promise<ReadonlySet<Caller>>
  readonly onCheckFailure: (error: unknown) => void
  /** Default: the places are of this process alone. */
  readonly createPlaces?: typeof createOwnPlaces
  readonly maxPerUser?: number
  readonly maxInAll?: number
  readonly checkMs?: number
}

/**
 * The pause between two checks of the credentials, and the time that a check may take. A credential that ends just
 * after a check has read it is noticed three of these later, within the 5 seconds of the contract.
 */
const CHECK_MS = 1_500
const MAX_PER_USER = 10
const MAX_IN_ALL = 2_000
const RETRY_SECONDS = 5

interface OpenStream {
  readonly caller: Caller
  readonly abort: AbortController
}

export function createStreams(options: StreamOptions): Streams {
  const { endedCallers, onCheckFailure, maxPerUser = MAX_PER_USER, maxInAll = MAX_IN_ALL, checkMs = CHECK_MS } = options
  const takePlace = (options.createPlaces ?? createOwnPlaces)(maxPerUser, () => tooManyStreams(maxPerUser))
  const open = new Set<OpenStream>()
  let timer: NodeJS.Timeout | undefined
  let isStopping = false

  const end = (streams: Iterable<OpenStream>, reason: StreamEndReason): void => {
    for (const { abort } of streams) abort.abort(new StreamEnd(reason))
  }
  const check = async (): Promise<void> => {
    const streams = [...open]
    try {
      const ended = await inTime(endedCallers(streams.map(({ caller }) => caller)), checkMs)
      end(
        streams.filter(({ caller }) => ended.has(caller)),
        'credential_ended',
      )
    } catch (error) {
      // If credentials cannot be checked, they may have ended, so no stream goes on.
      onCheckFailure(error)
      end(streams, 'unavailable')
    }
    timer = open.size === 0 || isStopping ? undefined : setTimeout(() => void check(), checkMs).unref()
  }

  return {
    open: async (caller, abort) => {
      if (isStopping) throw unavailable('The server is shutting down.')
      if (open.size >= maxInAll) throw unavailable('The server has as many open streams as it can serve.')
      const stream = { caller, abort }
      // At once, so that it counts and ends with the others while its place is asked for.
      open.add(stream)
      timer ??= setTimeout(() => void check(), checkMs).unref()
      try {
        const giveBack = await takePlace(caller.userId)
        return () => {
          if (open.delete(stream)) giveBack()
        }
      } catch (error) {
        open.delete(stream)
        throw error
      }
    },
    count: () => open.size,
    heartbeats: new Heartbeats(),
    stop: () => {
      isStopping = true
      clearTimeout(timer)
      end(open, 'server_stopping')
    },
  }
}

/** Each key has so many places. Taking one returns how to give it back, or throws what `full` makes. */
function createOwnPlaces(max: number, full: () => Error): (key: string) => Promise<() => void> {
  const counts = new Map<string, number>()
  return async (key) => {
    const count = counts.get(key) ?? 0
    if (count >= max) throw full()
    counts.set(key, count + 1)
    return () => {
      const left = (counts.get(key) ?? 1) - 1
      if (left > 0) counts.set(key, left)
      else counts.delete(key)
    }
  }
}

/** Rejects when the time is up; the work itself goes on. */
async function inTime<T>(work: Promise<T>, ms: number): Promise<T> {
  const patience = new AbortController()
  try {
    const late = delay(ms, undefined, { signal: patience.signal }).then(() => {
      throw new Error(`The credentials were not checked within ${ms} ms`)
    })
    return await Promise.race([work, late])
  } finally {
    patience.abort()
  }
}

function tooManyStreams(max: number): Problem {
  const headers = { 'Retry-After': RETRY_SECONDS }
  return new Problem('too-many-streams', `An account may have ${max} open streams. Close another stream first.`, {
    headers,
  })
}
