import { quotas } from '../../generated/limits.ts'
import { integer, oneOf, optional, redisUrl } from './readers.ts'
import type { Setting } from './setting.ts'

/** How often requests are answered, and who counts them. */
export const rateLimitSettings = [
  {
    name: 'RATE_LIMITS',
    field: 'rateLimits',
    fallback: 'on',
    reader: oneOf('on', 'off'),
    help: 'Whether requests are limited by account, and by address without a valid credential.',
  },
  {
    name: 'RATE_LIMIT_USER',
    field: 'userQuota',
    fallback: String(quotas.user),
    reader: integer(60, 1_000_000),
    help: 'Units that an account has each minute. Most requests cost one.',
  },
  {
    name: 'RATE_LIMIT_ADDRESS',
    field: 'addressQuota',
    fallback: String(quotas.address),
    reader: integer(60, 1_000_000),
    help: 'Units that an address has each minute for requests without a valid credential. A login costs 5.',
  },
  {
    // undefined: each process counts for itself.
    name: 'REDIS_URL',
    field: 'redisUrl',
    fallback: '',
    reader: optional(redisUrl),
    help: 'A Redis in which several servers count requests together. Empty: each server counts for itself.',
    reaches: 'the counts of requests, which several servers share',
  },
] as const satisfies readonly Setting[]
