import type { JsonObject } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { readRateLimits } from '../../../src/contract/document/rate-limits.ts'
import { type Finding, reporter } from './changes.ts'
import type { Side } from './compare-members.ts'

/** How often an operation may be called. Fewer calls are no break: a client waits, as for any 429. */
export function compareRateLimits([oldRoot, before]: Side, [newRoot, after]: Side): Finding[] {
  const [was, is] = [costOf(oldRoot, before), costOf(newRoot, after)]
  if (was === is) return []
  return [reporter(before.operationId)('rate-limit', '', 'minor', `${was} became ${is}`)]
}

function costOf(root: JsonObject, { cost }: Operation): string {
  const limits = readRateLimits(root)
  if (limits === undefined || cost === undefined) return 'no rate limit'
  const quota = limits.quotas[cost.policy]
  return `${cost.weight} of the ${quota} units of ${cost.policy} in ${limits.windowSeconds} seconds`
}
