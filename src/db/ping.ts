import { setTimeout as delay } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Database } from './database.ts'

const PATIENCE_MS = 1_000

/** Whether the database answers within a second. */
export async function ping(db: Database): Promise<boolean> {
  return (await inPatience(sql`select 1`.execute(db))) !== undefined
}

/** The answer of the database; undefined if it fails or takes more than a second. */
export async function inPatience<T>(answer: Promise<T>): Promise<T | undefined> {
  const patience = new AbortController()
  try {
    const late = delay(PATIENCE_MS, undefined, { signal: patience.signal })
    return await Promise.race([answer.catch(() => undefined), late])
  } finally {
    patience.abort()
  }
}
