import { Problem } from '../../http/problem.ts'
import { ADDRESS_POLICY, type RateLimits } from '../document/rate-limits.ts'
import type { Operation } from '../document/operations.ts'
import type { Caller } from '../types.ts'
import type { IncomingRequest } from './incoming.ts'

/** Takes the units of a request from the quota that its key has in each window, if they are left. */
export type TakeUnits = (request: {
  readonly key: string
  readonly quota: number
  readonly windowSeconds: number
  readonly weight: number
}) => Promise<Taken> | Taken

export interface Taken {
  readonly isAllowed: boolean
  /** Units that are left in this window. */
  readonly remaining: number
  /** Until the window ends and the whole quota is there again; at least 1. */
  readonly resetSeconds: number
}

/** How requests are counted. */
export interface RateLimiting {
  readonly take: TakeUnits
  /** Replaces quotas of the contract, by policy. */
  readonly quotas: Readonly<Record<string, number | undefined>>
}

/**
 * Identifies the caller of a request and takes what the request costs from its quota: that of its user if it has a
 * valid credential, that of its address if it has none or needs none. So people who share an address do not use up each
 * other's requests, and a stranger cannot try credentials without end. Throws a Problem (429) when too little is left.
 */
export type Admit = (
  incoming: IncomingRequest,
  operation: Operation,
  identify: () => Promise<Caller | undefined>,
) => Promise<Caller | undefined>

export function createAdmit(limits: RateLimits | undefined, limiting: RateLimiting | undefined): Admit {
  if (limits === undefined || limiting === undefined) return (_incoming, _operation, identify) => identify()

  const charge = async (incoming: IncomingRequest, policy: string, by: string, weight: number): Promise<void> => {
    const quota = limiting.quotas[policy] ?? limits.quotas[policy] ?? 0
    const { windowSeconds } = limits
    // An operator's quota may be less than the weight of an operation, which must remain possible.
    const cost = Math.min(weight, quota)
    const taken = await limiting.take({ key: `${policy}:${by}`, quota, windowSeconds, weight: cost })
    const headers = rateLimitHeaders(policy, quota, windowSeconds, taken)
    incoming.exchange.operationHeaders = { ...incoming.exchange.operationHeaders, ...headers }
    if (!taken.isAllowed) throw rateLimited(policy, taken.resetSeconds)
  }

  return async (incoming, operation, identify) => {
    // A call in this process is part of a request that was counted.
    if (incoming.caller !== undefined || operation.cost === undefined) return identify()
    const { policy, weight } = operation.cost
    const caller = await identify().catch(async (error: unknown) => {
      if (error instanceof Problem && error.status === 401)
        await charge(incoming, ADDRESS_POLICY, incoming.client.address, weight)
      throw error
    })
    await charge(incoming, policy, caller?.userId ?? incoming.client.address, weight)
    return caller
  }
}

/** As in draft-ietf-httpapi-ratelimit-headers-11: quota and window, then what remains and when the window ends. */
function rateLimitHeaders(policy: string, quota: number, windowSeconds: number, taken: Taken): Record<string, string> {
  return {
    'RateLimit-Policy': `"${policy}";q=${quota};w=${windowSeconds}`,
    RateLimit: `"${policy}";r=${taken.remaining};t=${taken.resetSeconds}`,
  }
}

function rateLimited(policy: string, seconds: number): Problem {
  const whose = policy === 'user' ? 'This account' : 'This address'
  const detail = `${whose} has sent too many requests. Wait the number of seconds in Retry-After.`
  return new Problem('rate-limited', detail, { headers: { 'Retry-After': seconds } })
}
