import { sql } from 'kysely'
import type { Database } from '../db/database.ts'
import { inTransaction } from '../db/transaction.ts'
import { liftLimits } from '../db/limits-of-operator.ts'
import { emailKey } from '../email-address.ts'
import { type Account, eraseAccount, setPasswordHash } from './account/accounts.ts'
import { deleteApiKeys } from './api-key/api-keys.ts'
import { recordEvent } from './events.ts'
import { endSessions } from './session/sessions.ts'
import { createLoginThrottle, loginThrottleKey } from './throttle/login-throttle.ts'

/**
 * What the operator may do to an account. The owner finds every such change in the list of security events, but for a
 * deletion, of which only the fact remains.
 */

/**
 * Enables or disables an account. Disabling ends its sessions; its API keys do not work until it is enabled again.
 * Returns false if nothing changed.
 */
export function setActive(db: Database, userId: string, isActive: boolean): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    const update = tx.updateTable('users').set({ is_active: isActive }).where('id', '=', userId)
    const { numUpdatedRows } = await update.where('is_active', '!=', isActive).executeTakeFirst()
    if (numUpdatedRows === 0n) return false
    if (!isActive) await endSessions(tx, userId)
    const type = isActive ? 'operator_enabled_account' : 'operator_disabled_account'
    await recordEvent(tx, { type, userId, address: undefined })
    return true
  })
}

/** Sets a password without knowing the old one, ends all sessions and deletes all API keys. */
export function resetPassword(db: Database, userId: string, passwordHash: string): Promise<void> {
  return inTransaction(db, async (tx) => {
    await setPasswordHash(tx, userId, passwordHash)
    await endSessions(tx, userId)
    await deleteApiKeys(tx, userId)
    await recordEvent(tx, { type: 'operator_reset_password', userId, address: undefined })
  })
}

/** Returns how many sessions it ended. */
export function revokeSessions(db: Database, userId: string): Promise<number> {
  return inTransaction(db, async (tx) => {
    await recordEvent(tx, { type: 'operator_revoked_sessions', userId, address: undefined })
    return endSessions(tx, userId)
  })
}

/**
 * Erases an account and everything of it, as its owner can; returns false if it is gone by now. It is locked out first:
 * erasing many notes takes long, and its writers would wait for that in vain, and keep it waiting.
 */
export async function eraseUser(db: Database, account: Account, secretKey: string): Promise<boolean> {
  await setActive(db, account.id, false)
  const isErased = await inTransaction(db, async (tx) => {
    await liftLimits(tx)
    return eraseAccount(tx, account.id, async () => {
      const row = tx.selectFrom('users').select('id').where('id', '=', account.id).forNoKeyUpdate()
      return (await row.executeTakeFirst()) !== undefined
    })
  })
  if (isErased) await createLoginThrottle(db, { key: loginThrottleKey(secretKey) }).forget(emailKey(account.email))
  return isErased
}

/** A page of accounts, oldest first, with the number of their live sessions and API keys. */
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
