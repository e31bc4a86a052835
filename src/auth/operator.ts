import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { setPasswordHash } from './account/accounts.ts'
import { removeApiKeys } from './api-key/api-keys.ts'
import { recordEvent } from './events.ts'
import { endSessions } from './session/sessions.ts'

/** What the operator may do to an account without being its owner. The owner finds each of it in the list of events. */

/** A disabled account has no sessions any more; its API keys rest until it is enabled again. Answers whether it was not so already. */
export function setActive(db: Database, userId: string, isActive: boolean): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    const update = transaction.updateTable('users').set({ is_active: isActive }).where('id', '=', userId)
    const { numUpdatedRows } = await update.where('is_active', '!=', isActive).executeTakeFirst()
    if (numUpdatedRows === 0n) return false
    if (!isActive) await endSessions(transaction, userId)
    const type = isActive ? 'operator_enabled_account' : 'operator_disabled_account'
    await recordEvent(transaction, { type, userId, address: undefined })
    return true
  })
}

/** Sets a password that need not follow from the old one, and ends everything that the old one opened. */
export function resetPassword(db: Database, userId: string, passwordHash: string): Promise<void> {
  return db.transaction().execute(async (transaction) => {
    await setPasswordHash(transaction, userId, passwordHash)
    await endSessions(transaction, userId)
    await removeApiKeys(transaction, userId)
    await recordEvent(transaction, { type: 'operator_reset_password', userId, address: undefined })
  })
}

/** Answers how many sessions were ended. */
export function revokeSessions(db: Database, userId: string): Promise<number> {
  return db.transaction().execute(async (transaction) => {
    await recordEvent(transaction, { type: 'operator_revoked_sessions', userId, address: undefined })
    return endSessions(transaction, userId)
  })
}

/** Every account with what is alive of it, oldest first, a page at a time. */
export function listAccounts(db: Database, page: { readonly after: string | undefined; readonly limit: number }) {
  const accounts = db
    .selectFrom('users')
    .select(['id', 'email', 'is_active', 'created_at'])
    .select((row) => [
      row
        .selectFrom('sessions')
        .select(sql<number>`count(*)::int`.as('count'))
        .whereRef('sessions.user_id', '=', 'users.id')
        .where('ended_at', 'is', null)
        .where('expires_at', '>', sql<string>`now()`)
        .as('sessions'),
      row
        .selectFrom('api_keys')
        .select(sql<number>`count(*)::int`.as('count'))
        .whereRef('api_keys.user_id', '=', 'users.id')
        .where('expires_at', '>', sql<string>`now()`)
        .as('api_keys'),
    ])
  const rest = page.after === undefined ? accounts : accounts.where('id', '>', page.after)
  return rest.orderBy('id').limit(page.limit).execute()
}
