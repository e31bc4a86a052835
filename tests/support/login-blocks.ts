import { sql } from 'kysely'
import type { Database } from '../../src/db/database.ts'

/** Makes the blocks that failed logins have begun last, so that a slow machine does not sleep through them. */
export async function holdBlocks(db: Database): Promise<void> {
  await sql`update login_failures set blocked_until = blocked_until + interval '1 minute',
    expires_at = expires_at + interval '1 minute'`.execute(db)
}

/** Ends the blocks, so that it does not matter how fast logins fail. The failures stay counted. */
export async function endBlocks(db: Database): Promise<void> {
  await sql`update login_failures set blocked_until = updated_at where blocked_until is not null`.execute(db)
}
