import type { Selectable } from 'kysely'
import type { Users } from '../../generated/db.d.ts'
import type { Database } from '../db/database.ts'

export type Account = Selectable<Users>

/** The form in which addresses are compared: `User@Example.com` and `user@example.com` are one account. */
export function emailKey(email: string): string {
  return email.normalize('NFKC').toLowerCase()
}

/** Answers undefined when there is an account with this e-mail already; the unique constraint decides. */
export function insertAccount(
  db: Database,
  account: { readonly id: string; readonly email: string; readonly passwordHash: string },
): Promise<Account | undefined> {
  return db
    .insertInto('users')
    .values({ id: account.id, email: account.email, email_key: emailKey(account.email), password_hash: account.passwordHash })
    .onConflict((conflict) => conflict.column('email_key').doNothing())
    .returningAll()
    .executeTakeFirst()
}

export function findAccountByEmail(db: Database, email: string): Promise<Account | undefined> {
  return db.selectFrom('users').selectAll().where('email_key', '=', emailKey(email)).executeTakeFirst()
}

export function findAccount(db: Database, userId: string): Promise<Account | undefined> {
  return db.selectFrom('users').selectAll().where('id', '=', userId).executeTakeFirst()
}

/** Replaces a hash only while it is the one that was read, so that a password changed meanwhile stays. */
export async function replacePasswordHash(db: Database, userId: string, oldHash: string, newHash: string): Promise<void> {
  const update = db.updateTable('users').set({ password_hash: newHash })
  await update.where('id', '=', userId).where('password_hash', '=', oldHash).execute()
}
