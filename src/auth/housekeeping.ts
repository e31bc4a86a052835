import type { Database } from '../db/database.ts'
import { purgeOldEvents } from './events.ts'
import { purgeExpiredLogins } from './login-failures.ts'
import { purgeOldSessions } from './sessions.ts'

const EVERY_MS = 10 * 60_000

/**
 * Deletes what is kept no longer, in small pieces, every ten minutes. Every server of a database does so; rows that
 * another one is deleting are passed over. Answers how to stop it.
 */
export function startHousekeeping(db: Database, onError: (error: unknown) => void): () => Promise<void> {
  let current = Promise.resolve()
  const timer = setInterval(() => {
    current = purge(db).catch(onError)
  }, EVERY_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    return current
  }
}

export async function purge(db: Database): Promise<void> {
  await purgeExpiredLogins(db)
  await purgeOldEvents(db)
  await purgeOldSessions(db)
}
