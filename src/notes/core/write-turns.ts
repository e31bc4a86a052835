import { isLockTimeout } from '../../db/pg-errors.ts'
import { refuseRepeated } from '../../http/idempotency.ts'
import { type Problem, unavailable } from '../../http/problem.ts'
import { createTurns } from '../../scheduling/turns.ts'

/** The request that wants to write. */
export interface Writer {
  readonly ownerId: string
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal
}

/**
 * Bounds what requests wait for in transactions. A transaction that waits for a lock holds a connection, so those that
 * would wait for the same lock wait here, without one; and one account gets only a part of the connections. So a lock
 * that is held for long, such as by another server, harms no other change. Throws a 503 when too many wait, when a turn
 * does not come, and when a lock is not released in time. Every transaction that writes notes has a turn.
 */
export interface WriteTurns {
  /** Runs a transaction that changes one note. */
  readonly ofNote: <T>(writer: Writer, noteId: string, transaction: () => Promise<T>) => Promise<T>
  /** Runs a transaction that locks many of the owner's notes. */
  readonly ofMany: <T>(writer: Writer, transaction: () => Promise<T>) => Promise<T>
  /** Runs a transaction that locks no note that exists. */
  readonly ofAccount: <T>(writer: Writer, transaction: () => Promise<T>) => Promise<T>
  /** Runs requests with one Idempotency-Key one after the other. Throws a 409 when too many wait. */
  readonly ofKey: <T>(key: RepeatableRequest, signal: AbortSignal, work: () => Promise<T>) => Promise<T>
}

interface RepeatableRequest {
  readonly userId: string
  readonly operation: string
  readonly key: string | undefined
}

/** The part of the connections that the transactions of one account may hold. */
const SHARE = 0.4
/** Enough for many writers of one note while each takes milliseconds. */
const QUEUE = 64
const QUEUE_WHEN_STUCK = 4
const STUCK_MS = 250
const WAIT_MS = 1_000
/** The requests with one key are usually one request, sent again: the first reply serves all. */
const KEY_WAIT_MS = 2_000

export function createWriteTurns({ connections }: { readonly connections: number }): WriteTurns {
  const limits = { queue: QUEUE, queueWhenStuck: QUEUE_WHEN_STUCK, stuckMs: STUCK_MS, waitMs: WAIT_MS, busy }
  const notes = createTurns({ ...limits, slots: 1 })
  const accounts = createTurns({ ...limits, slots: Math.max(1, Math.floor(connections * SHARE)) })
  const keys = createTurns({
    ...limits,
    slots: 1,
    queueWhenStuck: QUEUE,
    waitMs: KEY_WAIT_MS,
    busy: () => refuseRepeated('in-flight'),
  })
  const ofAccount: WriteTurns['ofAccount'] = ({ ownerId, signal }, transaction) =>
    accounts.run(ownerId, () => transaction().catch(rethrowLocked), signal)
  return {
    ofAccount,
    ofNote: (writer, noteId, transaction) =>
      notes.run(`${writer.ownerId} ${noteId}`, () => ofAccount(writer, transaction), writer.signal),
    ofMany: (writer, transaction) => notes.run(writer.ownerId, () => ofAccount(writer, transaction), writer.signal),
    ofKey: ({ userId, operation, key }, signal, work) =>
      key === undefined ? work() : keys.run(JSON.stringify([userId, operation, key]), work, signal),
  }
}

function rethrowLocked(error: unknown): never {
  throw isLockTimeout(error) ? busy(error) : error
}

function busy(cause?: unknown): Problem {
  return unavailable('Other requests are changing the same notes right now. Nothing more was changed.', cause)
}
