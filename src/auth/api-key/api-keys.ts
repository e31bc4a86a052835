import { listLimits } from '../../../generated/limits.ts'
import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { sql } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import type { Database } from '../../db/database.ts'
import { inTransaction, type Tx } from '../../db/transaction.ts'
import { type Account, lockAccount } from '../account/accounts.ts'
import { recordEvent } from '../events.ts'

/** The contract's bound on the list of keys. */
export const MAX_KEYS = listLimits.listApiKeys
const HINT_LENGTH = 10
const KEY_PATTERN = /^nak_[A-Za-z0-9_-]{43}[0-9a-f]{8}$/

interface NewKey {
  readonly name: string
  readonly scope: string
  readonly days: number
  readonly address: string
}

/** A new key: a prefix that secret scanners can recognise, 256 random bits, and a checksum against typing errors. */
function generateKey(): string {
  const text = `nak_${randomBytes(32).toString('base64url')}`
  return text + checksum(text)
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}

/** Whether a credential has the form and the checksum of an API key; only then do we query the database for it. */
export function isApiKey(credential: string): boolean {
  return KEY_PATTERN.test(credential) && credential.endsWith(checksum(credential.slice(0, -8)))
}

/** A key has 256 random bits and cannot be guessed, so one round of SHA-256 is enough. */
function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

/** Returns the row with its key, 'full', or undefined if the account changed since its password was checked. */
export function insertApiKey(db: Database, checked: Account, { name, scope, days, address }: NewKey) {
  const key = generateKey()
  return inTransaction(db, async (tx) => {
    // The lock also serializes parallel requests, so that each counts the keys of those before it.
    if (!(await lockAccount(tx, checked))) return undefined
    const keys = tx
      .selectFrom('api_keys')
      .select(sql<number>`count(*)::int`.as('count'))
      .where('user_id', '=', checked.id)
    const { count } = await keys.executeTakeFirstOrThrow()
    if (count >= MAX_KEYS) return 'full' as const
    const row = await tx
      .insertInto('api_keys')
      .values({
        id: uuidv7(),
        user_id: checked.id,
        name,
        key_hash: hashKey(key),
        hint: key.slice(0, HINT_LENGTH),
        scope,
        expires_at: sql<string>`now() + make_interval(days => ${days})`,
      })
      .returning(['id', 'name', 'hint', 'scope', 'created_at', 'expires_at'])
      .executeTakeFirstOrThrow()
    await recordEvent(tx, { type: 'api_key_created', userId: checked.id, address, subjectId: row.id })
    return { ...row, key }
  })
}

export function findApiKeys(db: Database, userId: string) {
  return db
    .selectFrom('api_keys')
    .select(['id', 'name', 'hint', 'scope', 'created_at', 'expires_at', 'last_used_at'])
    .where('user_id', '=', userId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(MAX_KEYS)
    .execute()
}

/** The row of a key that has not expired and whose account is active. Updates `last_used_at` every five minutes. */
export async function findLiveApiKey(
  db: Database,
  key: string,
): Promise<{ id: string; user_id: string; scope: string; expires_at: string } | undefined> {
  const row = await db
    .selectFrom('api_keys')
    .innerJoin('users', 'users.id', 'api_keys.user_id')
    .select(['api_keys.id', 'api_keys.user_id', 'api_keys.scope', 'api_keys.expires_at'])
    .select(sql<boolean>`coalesce(last_used_at < now() - interval '5 minutes', true)`.as('is_stale'))
    .where('key_hash', '=', hashKey(key))
    .where('api_keys.expires_at', '>', sql<string>`now()`)
    .where('users.is_active', '=', true)
    .executeTakeFirst()
  if (row?.is_stale === true) await touch(db, row.id)
  return row
}

/** Failures are ignored: while the database is read-only, requests that only read must still succeed. */
async function touch(db: Database, id: string): Promise<void> {
  const update = db.updateTable('api_keys').set({ last_used_at: sql<string>`now()` })
  await update
    .where('id', '=', id)
    .execute()
    .catch(() => undefined)
}

/** Returns false if there is no such key. */
export function deleteApiKey(
  db: Database,
  key: { readonly id: string; readonly userId: string },
  address: string,
): Promise<boolean> {
  return inTransaction(db, async (tx) => {
    const deletion = tx.deleteFrom('api_keys').where('id', '=', key.id).where('user_id', '=', key.userId)
    const { numDeletedRows } = await deletion.executeTakeFirst()
    if (numDeletedRows === 0n) return false
    await recordEvent(tx, { type: 'api_key_revoked', userId: key.userId, address, subjectId: key.id })
    return true
  })
}

export async function deleteApiKeys(tx: Tx, userId: string): Promise<void> {
  await tx.deleteFrom('api_keys').where('user_id', '=', userId).execute()
}
