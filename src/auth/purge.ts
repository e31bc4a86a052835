import type { Database } from '../db/database.ts'
import { purgeOldEvents } from './events.ts'
import { purgeExpiredLogins } from './throttle/login-failures.ts'
import { purgeOldSessions } from './session/sessions.ts'

/** Deletes old rows: all expired counters of failed logins, of which a flood leaves many, and a batch of the others. */
export async function purge(db: Database, isStopping: () => boolean): Promise<void> {
  for (let deleted = 1; deleted > 0 && !isStopping();) deleted = await purgeExpiredLogins(db)
  await purgeOldEvents(db)
  await purgeOldSessions(db)
}
