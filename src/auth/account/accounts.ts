import { type Selectable, type Transaction } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import type { DB, Users } from '../../../generated/db.d.ts'
import type { Database } from '../../db/database.ts'
import { isUniqueViolation } from '../../db/pg-errors.ts'
import { recordDeletion, recordEvent } from '../events.ts'

export type Account = Selectable<Users>

/** The form in which addresses are compared: `User@Example.com` and `user@example.com` are one account. */
export function emailKey(email: string): string {
  return email.normalize('NFKC').toLowerCase()
}

/** Answers undefined when there is an account with this e-mail already; the unique constraint decides. */
export function insertAccount(
  db: Database,
  account: { readonly email: string; readonly passwordHash: string },
  made: { readonly type: 'registered' | 'operator_created_account'; readonly address: string | undefined },
): Promise<Account | undefined> {
  return db.transaction().execute(async (transaction) => {
    const row = await transaction
      .insertInto('users')
      .values({
        id: uuidv7(),
        email: account.email,
        email_key: emailKey(account.email),
        password_hash: account.passwordHash,
      })
      .onConflict((conflict) => conflict.column('email_key').doNothing())
      .returningAll()
      .executeTakeFirst()
    if (row !== undefined) await recordEvent(transaction, { ...made, userId: row.id })
    return row
  })
}

export function findAccountByEmail(db: Database, email: string): Promise<Account | undefined> {
  return db.selectFrom('users').selectAll().where('email_key', '=', emailKey(email)).executeTakeFirst()
}

export function findAccount(db: Database, userId: string): Promise<Account | undefined> {
  return db.selectFrom('users').selectAll().where('id', '=', userId).executeTakeFirst()
}

/**
 * Locks an account if it is still the one whose password was checked. Hashing takes long: meanwhile the password may
 * have been changed or the account disabled, and what follows must not slip past that.
 */
export async function lockAccount(transaction: Transaction<DB>, checked: Account): Promise<boolean> {
  const row = await transaction
    .selectFrom('users')
    .select('id')
    .where('id', '=', checked.id)
    .where('password_hash', '=', checked.password_hash)
    .where('is_active', '=', true)
    .forNoKeyUpdate()
    .executeTakeFirst()
  return row !== undefined
}

export async function setPasswordHash(
  transaction: Transaction<DB>,
  userId: string,
  passwordHash: string,
): Promise<void> {
  await transaction.updateTable('users').set({ password_hash: passwordHash }).where('id', '=', userId).execute()
}

/** Answers the account as it is now, 'taken', or undefined when it is not the one that was checked any more. */
export async function changeEmail(
  db: Database,
  checked: Account,
  email: string,
  address: string,
): Promise<Account | 'taken' | undefined> {
  try {
    return await db.transaction().execute(async (transaction) => {
      if (!(await lockAccount(transaction, checked))) return undefined
      await recordEvent(transaction, { type: 'email_changed', userId: checked.id, address })
      const update = transaction
        .updateTable('users')
        .set({ email, email_key: emailKey(email) })
        .where('id', '=', checked.id)
      return update.returningAll().executeTakeFirst()
    })
  } catch (error) {
    if (isUniqueViolation(error, 'users_email_key_unique')) return 'taken'
    throw error
  }
}

/** Erases an account with all that belongs to it; every table that does refers to it with `on delete cascade`. */
export function deleteAccount(db: Database, checked: Account): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    if (!(await lockAccount(transaction, checked))) return false
    await transaction.deleteFrom('users').where('id', '=', checked.id).execute()
    await recordDeletion(transaction)
    return true
  })
}
