import type { Logger } from 'pino'
import type { RateLimiting, TakeUnits } from '../contract/request/rate-limits.ts'
import { createLocalQuotas } from './local-quotas.ts'
import { createRedisQuotas } from './redis-quotas.ts'

interface RateLimitSettings {
  readonly rateLimits: 'on' | 'off'
  readonly userQuota: number
  readonly addressQuota: number
  readonly redisUrl: string | undefined
}

interface Surroundings {
  /** Counts without Redis; left out, a map of this process does. */
  readonly take?: TakeUnits | undefined
  readonly log: Logger
  /** Closes the connection to Redis. */
  readonly stack: AsyncDisposableStack
}

export interface OpenRateLimits extends RateLimiting {
  /** Whether requests are counted in Redis right now; left out if they should not be. */
  readonly isShared?: () => boolean
}

/** undefined if requests are not limited. Throws a StartupError if Redis refuses us. */
export async function openRateLimits(
  { rateLimits, userQuota, addressQuota, redisUrl }: RateLimitSettings,
  { take: local = createLocalQuotas().take, log, stack }: Surroundings,
): Promise<OpenRateLimits | undefined> {
  if (rateLimits === 'off') return undefined
  const quotas = { user: userQuota, address: addressQuota }
  if (redisUrl === undefined) return { take: local, quotas }
  const redis = await createRedisQuotas({
    url: redisUrl,
    local,
    onChange: ({ isShared, reason }) => {
      if (isShared) log.info('requests are counted in Redis, together with other servers')
      else log.warn(`requests are counted by this server alone, because of Redis: ${reason}; it is tried again`)
    },
  })
  stack.use(redis)
  return { take: redis.take, quotas, isShared: redis.isShared }
}
