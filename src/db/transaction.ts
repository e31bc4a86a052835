import { setTimeout as delay } from 'node:timers/promises'
import type { Transaction } from 'kysely'
import type { DB } from '../../generated/db.d.ts'
import type { Database } from './database.ts'
import { isSerializationConflict } from './pg-errors.ts'

const MAX_RETRIES = 3
const MAX_PAUSE_MS = 50

/** What a transaction does last, such as taking a lock that every other transaction wants too. */
export interface LastStep {
  readonly run: (tx: Tx) => Promise<void>
}

/** An open transaction. Only `inTransaction` makes one, so a function that takes a Tx cannot run without. */
export type Tx = Transaction<DB> & {
  /** The last step of this kind in this transaction. It runs after the work is done, directly before COMMIT. */
  readonly beforeCommit: <S extends LastStep>(kind: new () => S) => S
}

/** Runs `work` in a transaction, as often as `retryConflicts` does. */
export function inTransaction<T>(db: Database, work: (tx: Tx) => Promise<T>): Promise<T> {
  return retryConflicts(() => db.transaction().execute((transaction) => runWithLastSteps(transaction, work)))
}

/**
 * Runs a transaction, or a statement that is one. PostgreSQL may abort it to resolve a deadlock or a serialization
 * conflict (40P01, 40001); then the whole of it runs again, at most three times. Nothing else is retried, least of all
 * a COMMIT whose outcome is unknown.
 */
export async function retryConflicts<T>(work: () => Promise<T>): Promise<T> {
  for (let retries = 0; ; retries += 1) {
    try {
      return await work()
    } catch (error) {
      if (retries === MAX_RETRIES || !isSerializationConflict(error)) throw error
      await delay(Math.random() * MAX_PAUSE_MS * (retries + 1))
    }
  }
}

async function runWithLastSteps<T>(transaction: Transaction<DB>, work: (tx: Tx) => Promise<T>): Promise<T> {
  const steps: LastStep[] = []
  const beforeCommit = <S extends LastStep>(kind: new () => S): S => {
    const known = steps.find((step) => step instanceof kind)
    if (known instanceof kind) return known
    const step = new kind()
    steps.push(step)
    return step
  }
  const tx = Object.assign(transaction, { beforeCommit })
  const result = await work(tx)
  for (const step of steps) await step.run(tx)
  return result
}
