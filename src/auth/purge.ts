import type { Database } from '../db/database.ts'
import { purgeOldEvents } from './events.ts'
import { purgeExpiredLogins } from './throttle/login-failures.ts'
import { purgeOldSessions } from './session/sessions.ts'

/** Deletes what is kept no longer: counts of failed logins, however many a flood has left, events and sessions. */
export async function purge(db: Database, isStopping: () => boolean): Promise<void> {
  for (let deleted = 1; deleted > 0 && !isStopping();) deleted = await purgeExpiredLogins(db)
  await purgeOldEvents(db)
  await purgeOldSessions(db)
}
