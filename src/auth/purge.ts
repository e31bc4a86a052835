import type { Database } from '../db/database.ts'
import { purgeOldEvents } from './events.ts'
import { purgeExpiredLogins } from './login-failures.ts'
import { purgeOldSessions } from './sessions.ts'

/** Deletes what is kept no longer: counts of failed logins, events and sessions. */
export async function purge(db: Database): Promise<void> {
  await purgeExpiredLogins(db)
  await purgeOldEvents(db)
  await purgeOldSessions(db)
}
