import { HEALTH_POLICY } from '../document/rate-limits.ts'
import type { LifetimeHeaders } from '../document/lifetime.ts'
import { type ContractRouter, operationOf } from '../router.ts'

/** The headers of every reply to a request; undefined if a server that is busy answers it too. */
export type RefusalOf = (method: string, target: string) => LifetimeHeaders | undefined

/**
 * Which requests a busy server refuses: those of operations, except for health checks. A load balancer would take a
 * server without a health check for dead. What is no operation is answered at once, without the database.
 */
export function createRefusalOf(router: ContractRouter): RefusalOf {
  return (method, target) => {
    const end = target.indexOf('?')
    const route = router.match(end < 0 ? target : target.slice(0, end))
    const operation = route && operationOf(route, method)
    return operation === undefined || operation.cost?.policy === HEALTH_POLICY ? undefined : operation.lifetime
  }
}
