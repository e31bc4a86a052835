import type { Database } from '../../db/database.ts'
import { inTransaction } from '../../db/transaction.ts'
import { type Account, lockAccount, setPasswordHash } from '../account/accounts.ts'
import { deleteApiKeys } from '../api-key/api-keys.ts'
import { recordEvent } from '../events.ts'
import { endSessions } from '../session/sessions.ts'

interface PasswordChange {
  readonly passwordHash: string
  /** The session of this request; it stays alive. */
  readonly keptSession: string
  readonly keepApiKeys: boolean
  readonly address: string
}

/**
 * Sets a new password and ends the other sessions, and the API keys unless they are kept. Returns false if the account
 * changed since its password was checked.
 */
export function replacePassword(
  db: Database,
  checked: Account,
  { passwordHash, keptSession, keepApiKeys, address }: PasswordChange,
): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    if (!(await lockAccount(tx, checked))) return false
    await setPasswordHash(tx, checked.id, passwordHash)
    await endSessions(tx, checked.id, keptSession)
    if (!keepApiKeys) await deleteApiKeys(tx, checked.id)
    await recordEvent(tx, { type: 'password_changed', userId: checked.id, address })
    return true
  })
}
