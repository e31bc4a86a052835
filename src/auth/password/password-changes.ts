import type { Database } from '../../db/database.ts'
import { type Account, lockAccount, setPasswordHash } from '../account/accounts.ts'
import { removeApiKeys } from '../api-key/api-keys.ts'
import { recordEvent } from '../events.ts'
import { endSessions } from '../session/sessions.ts'

interface PasswordChange {
  readonly passwordHash: string
  /** The session that asks; it goes on. */
  readonly keptSession: string
  readonly keepApiKeys: boolean
  readonly address: string
}

/** Sets a new password and ends what the old one opened; false when the account is not the one that was checked any more. */
export function changePassword(
  db: Database,
  checked: Account,
  { passwordHash, keptSession, keepApiKeys, address }: PasswordChange,
): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    if (!(await lockAccount(transaction, checked))) return false
    await setPasswordHash(transaction, checked.id, passwordHash)
    await endSessions(transaction, checked.id, keptSession)
    if (!keepApiKeys) await removeApiKeys(transaction, checked.id)
    await recordEvent(transaction, { type: 'password_changed', userId: checked.id, address })
    return true
  })
}
