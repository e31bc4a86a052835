import { isObject, type JsonObject, object } from './document.ts'

/** The quotas of the contract: how many units a user or an address has in each window. */
export interface RateLimits {
  readonly windowSeconds: number
  /** By the name of the policy, as `RateLimit-Policy` has it. */
  readonly quotas: Readonly<Record<string, number>>
  /** The units that a request costs unless its operation says otherwise. */
  readonly weight: number
}

/** What a request of one operation costs, and from which quota it is taken. */
export interface OperationCost {
  readonly policy: string
  readonly weight: number
}

/** Of requests with a valid credential, by user. */
export const USER_POLICY = 'user'
/** Of requests without one, by address. */
export const ADDRESS_POLICY = 'address'
/** Of health checks, which are answered however busy the server is. */
export const HEALTH_POLICY = 'health'

/** Reads `x-rate-limit` at the root; undefined if the contract limits nothing. Throws if it cannot be enforced. */
export function readRateLimits(root: JsonObject): RateLimits | undefined {
  const value = root['x-rate-limit']
  if (value === undefined) return undefined
  const { 'window-seconds': seconds, weight, quotas, ...others } = object(value)
  const [other] = Object.keys(others)
  if (other !== undefined) throw new Error(`x-rate-limit has the unknown member ${other}`)
  const named = Object.entries(object(quotas ?? {})).map(
    ([name, quota]) => [name, count(quota, `x-rate-limit: ${name}`)] as const,
  )
  const limits = {
    windowSeconds: count(seconds, 'x-rate-limit: window-seconds'),
    weight: count(weight, 'x-rate-limit: weight'),
    quotas: Object.fromEntries(named),
  }
  const missing = [USER_POLICY, ADDRESS_POLICY].find((name) => limits.quotas[name] === undefined)
  if (missing !== undefined) throw new Error(`x-rate-limit has no quota for ${missing}`)
  return limits
}

/** Reads `x-rate-limit` of an operation, which may have a quota of its own (`policy`) and cost more (`weight`). */
export function readCost(root: JsonObject, operation: JsonObject, operationId: string): OperationCost | undefined {
  const limits = readRateLimits(root)
  const own = operation['x-rate-limit']
  if (limits === undefined) {
    if (own !== undefined) throw new Error(`${operationId} has x-rate-limit, but the document has none`)
    return undefined
  }
  const isPublic = Array.isArray(operation['security']) && operation['security'].length === 0
  const usual = isPublic ? ADDRESS_POLICY : USER_POLICY
  if (own === undefined) return { policy: usual, weight: limits.weight }
  if (!isObject(own)) throw new Error(`${operationId}: x-rate-limit must be an object`)
  const { policy = usual, weight = limits.weight, ...others } = own
  const [other] = Object.keys(others)
  if (other !== undefined) throw new Error(`${operationId}: x-rate-limit has the unknown member ${other}`)
  if (typeof policy !== 'string' || limits.quotas[policy] === undefined)
    throw new Error(`${operationId}: x-rate-limit names an unknown policy`)
  return { policy, weight: count(weight, `${operationId}: weight`) }
}

function count(value: unknown, what: string): number {
  if (Number.isInteger(value) && Number(value) > 0) return Number(value)
  throw new Error(`${what} must be a whole number above 0`)
}
