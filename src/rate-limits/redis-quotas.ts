import { setTimeout as delay } from 'node:timers/promises'
import type { TakeUnits } from '../contract/request/rate-limits.ts'
import { StartupError } from '../startup-error.ts'
import { connectRedis, isRefusal, type RedisConnection, within } from './redis-connection.ts'

export interface RedisQuotasOptions {
  readonly url: string
  /** Counts while Redis cannot. */
  readonly local: TakeUnits
  /** Called when Redis begins to count, and when it no longer does, with the reason. */
  readonly onChange: (change: { readonly isShared: boolean; readonly reason?: string }) => void
}

export interface RedisQuotas extends AsyncDisposable {
  readonly take: TakeUnits
  /** Whether all servers count together right now. */
  readonly isShared: () => boolean
}

/** Milliseconds that a request waits for Redis at most. After one such wait, no request waits until Redis is back. */
const DEADLINE = 150
/** Milliseconds between two attempts to reach a Redis that is away. */
const RETRY = 1_000

/**
 * Quotas that all servers with the same Redis count together. While it is slow, hung or gone, this process counts for
 * itself, and only requests that are under way at that moment wait for it. Throws a StartupError if Redis refuses us.
 */
export async function createRedisQuotas({ url, local, onChange }: RedisQuotasOptions): Promise<RedisQuotas> {
  const state: { connection: RedisConnection | undefined } = { connection: undefined }
  const stopped = new AbortController()
  let retrying: Promise<void> | undefined

  const connect = async (): Promise<void> => {
    let opened: RedisConnection | undefined
    const made = await connectRedis(url, (reason) => opened !== undefined && trip(opened, reason))
    if (stopped.signal.aborted || state.connection !== undefined) return made.close()
    opened = made
    state.connection = made
    onChange({ isShared: true })
  }
  /** Gives a connection up, for good, and begins to look for another one. */
  const trip = (failed: RedisConnection, reason: string): void => {
    if (state.connection !== failed) return
    state.connection = undefined
    failed.close()
    onChange({ isShared: false, reason })
    retrying = retry()
  }
  const retry = async (): Promise<void> => {
    while (state.connection === undefined && !stopped.signal.aborted) {
      await delay(RETRY, undefined, { signal: stopped.signal, ref: false }).catch(() => undefined)
      if (!stopped.signal.aborted) await connect().catch(() => undefined)
    }
  }

  try {
    await connect()
  } catch (error) {
    const reason = reasonOf(error)
    if (isRefusal(error)) throw new StartupError(`REDIS_URL leads to a Redis that refuses us: ${reason}`)
    onChange({ isShared: false, reason })
    retrying = retry()
  }

  return {
    take: async (request) => {
      const used = state.connection
      if (used === undefined) return local(request)
      try {
        return await within(used.take(request), DEADLINE)
      } catch (error) {
        trip(used, reasonOf(error))
        return local(request)
      }
    },
    isShared: () => state.connection !== undefined,
    [Symbol.asyncDispose]: async () => {
      stopped.abort()
      state.connection?.close()
      state.connection = undefined
      await retrying
    },
  }
}

/** Neither the code nor the message has the address, which may hold a password. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message
}
