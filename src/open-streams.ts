import type { Logger } from 'pino'
import { findEndedCallers } from './auth/ended-callers.ts'
import { createChangeHub } from './changes/change-hub.ts'
import { readLogState, readNotices } from './changes/core/read-changes.ts'
import { createStreams } from './contract/reply/streams.ts'
import type { Database } from './db/database.ts'
import { holdSlot } from './scheduling/fair-gate.ts'
import type { SharedLimits } from './workers/shared-limits.ts'

interface StreamDeps {
  readonly db: Database
  readonly log: Logger
  readonly shared?: SharedLimits
}

/** What event streams need: who delivers changes to them, and who counts and ends them. */
export function openStreams({ db, log, shared }: StreamDeps, stack: AsyncDisposableStack) {
  const changeHub = createChangeHub({
    read: (positions, limit) => readNotices(db, positions, limit),
    readState: (ownerId) => readLogState(db, ownerId),
    onFailure: (error) => log.warn({ err: error }, 'changes could not be read; the open streams end'),
  })
  stack.defer(changeHub.stop)
  const streams = createStreams({
    endedCallers: (callers) => findEndedCallers(db, callers),
    onCheckFailure: (error) => log.warn({ err: error }, 'the credentials of open streams could not be checked'),
    ...(shared !== undefined && { createPlaces: sharedPlaces(shared) }),
  })
  stack.defer(streams.stop)
  return { changeHub, streams }
}

/** The streams of an account count together, whichever process sends them. */
function sharedPlaces({ createGate }: SharedLimits) {
  return (max: number, full: () => Error): ((key: string) => Promise<() => void>) => {
    const slots = Number.MAX_SAFE_INTEGER
    const gate = createGate('streams', { slots, slotsPerKey: max, queue: 0, waitMs: 0, busy: full })
    return (key) => holdSlot(gate, { key })
  }
}
