import { type Selectable, sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import type { Users } from '../../../generated/db.d.ts'
import type { Database } from '../../db/database.ts'
import { isUniqueViolation } from '../../db/pg-errors.ts'
import { inTransaction, type Tx } from '../../db/transaction.ts'
import { emailKey } from '../../email-address.ts'
import { recordDeletion, recordEvent } from '../events.ts'

export type Account = Selectable<Users>

/** Returns undefined if there is an account with this e-mail already; the unique constraint decides. */
export function insertAccount(
  db: Database,
  account: { readonly email: string; readonly passwordHash: string },
  event: { readonly type: 'registered' | 'operator_created_account'; readonly address: string | undefined },
): Promise<Account | undefined> {
  return inTransaction(db, async (tx) => {
    const row = await tx
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
    if (row !== undefined) await recordEvent(tx, { ...event, userId: row.id })
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
 * Locks an account, unless its password was changed or it was disabled or deleted since the password was checked.
 * Hashing is slow, so there is time for that; then this returns false.
 */
export async function lockAccount(tx: Tx, checked: Account): Promise<boolean> {
  const row = await tx
    .selectFrom('users')
    .select('id')
    .where('id', '=', checked.id)
    .where('password_hash', '=', checked.password_hash)
    .where('is_active', '=', true)
    .forNoKeyUpdate()
    .executeTakeFirst()
  return row !== undefined
}

export async function setPasswordHash(tx: Tx, userId: string, passwordHash: string): Promise<void> {
  await tx.updateTable('users').set({ password_hash: passwordHash }).where('id', '=', userId).execute()
}

/** Returns the changed account, 'taken', or undefined if the account changed since its password was checked. */
export async function changeEmail(
  db: Database,
  checked: Account,
  email: string,
  address: string,
): Promise<Account | 'taken' | undefined> {
  try {
    return await inTransaction(db, async (tx) => {
      if (!(await lockAccount(tx, checked))) return undefined
      await recordEvent(tx, { type: 'email_changed', userId: checked.id, address })
      const update = tx
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

/** Deletes an account. Returns false if the account changed since its password was checked. */
export function deleteAccount(db: Database, checked: Account): Promise<boolean> {
  return inTransaction(db, (tx) => eraseAccount(tx, checked.id, () => lockAccount(tx, checked)))
}

/**
 * Deletes an account and everything that belongs to it, by `on delete cascade`. Returns false if `lock`, which locks
 * the row of the account, finds none to delete.
 */
export async function eraseAccount(tx: Tx, userId: string, lock: () => Promise<boolean>): Promise<boolean> {
  // Writers of existing notes lock their note before they touch the account, so this does too; otherwise the two
  // could deadlock.
  await sql`select from notes where owner_id = ${userId} order by id for update`.execute(tx)
  if (!(await lock())) return false
  await tx.deleteFrom('users').where('id', '=', userId).execute()
  await recordDeletion(tx)
  return true
}
