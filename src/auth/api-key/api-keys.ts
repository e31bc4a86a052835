import { createHash, randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { sql, type Transaction } from 'kysely'
import { v7 as uuidv7 } from 'uuid'
import type { DB } from '../../../generated/db.d.ts'
import type { Database } from '../../db/database.ts'
import { type Account, lockAccount } from '../account/accounts.ts'
import { recordEvent } from '../events.ts'

/** The contract's bound on the list of keys. */
export const MOST_KEYS = 50
const HINT_LENGTH = 10
const FORM = /^nak_[A-Za-z0-9_-]{43}[0-9a-f]{8}$/

interface NewKey {
  readonly name: string
  readonly scope: string
  readonly days: number
  readonly address: string
}

/** A new key: a prefix that scanners for leaked secrets recognise, 256 random bits, and a checksum against typing errors. */
function makeKey(): string {
  const text = `nak_${randomBytes(32).toString('base64url')}`
  return text + checksum(text)
}

function checksum(text: string): string {
  return crc32(text).toString(16).padStart(8, '0')
}

/** Whether a credential is an API key by its looks; only then is the database asked. */
export function isApiKey(credential: string): boolean {
  return FORM.test(credential) && credential.endsWith(checksum(credential.slice(0, -8)))
}

/** A key has 256 random bits, so a plain hash is enough: there is nothing to guess. */
function hashKey(key: string): Buffer {
  return createHash('sha256').update(key).digest()
}

/** Answers the row with its key, 'full', or undefined when the account is not the one that was checked any more. */
export function insertApiKey(db: Database, checked: Account, { name, scope, days, address }: NewKey) {
  const key = makeKey()
  return db.transaction().execute(async (transaction) => {
    // The lock also makes parallel requests count one after the other.
    if (!(await lockAccount(transaction, checked))) return undefined
    const keys = transaction
      .selectFrom('api_keys')
      .select(sql<number>`count(*)::int`.as('count'))
      .where('user_id', '=', checked.id)
    const { count } = await keys.executeTakeFirstOrThrow()
    if (count >= MOST_KEYS) return 'full' as const
    const row = await transaction
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
    await recordEvent(transaction, { type: 'api_key_created', userId: checked.id, address, subjectId: row.id })
    return { ...row, key }
  })
}

export function listApiKeys(db: Database, userId: string) {
  return db
    .selectFrom('api_keys')
    .select(['id', 'name', 'hint', 'scope', 'created_at', 'expires_at', 'last_used_at'])
    .where('user_id', '=', userId)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(MOST_KEYS)
    .execute()
}

/** Who a key belongs to, while it and its account are alive. Notes that it was used, if that was not noted lately. */
export async function findLiveApiKey(
  db: Database,
  key: string,
): Promise<{ id: string; user_id: string; scope: string } | undefined> {
  const row = await db
    .selectFrom('api_keys')
    .innerJoin('users', 'users.id', 'api_keys.user_id')
    .select(['api_keys.id', 'api_keys.user_id', 'api_keys.scope'])
    .select(sql<boolean>`coalesce(last_used_at < now() - interval '5 minutes', true)`.as('is_stale'))
    .where('key_hash', '=', hashKey(key))
    .where('api_keys.expires_at', '>', sql<string>`now()`)
    .where('users.is_active', '=', true)
    .executeTakeFirst()
  if (row?.is_stale === true) await touch(db, row.id)
  return row
}

/** A database that can be read but not written to right now is no reason to refuse a request that reads. */
async function touch(db: Database, id: string): Promise<void> {
  const update = db.updateTable('api_keys').set({ last_used_at: sql<string>`now()` })
  await update
    .where('id', '=', id)
    .execute()
    .catch(() => undefined)
}

/** Answers false when there is no such key. */
export function removeApiKey(
  db: Database,
  key: { readonly id: string; readonly userId: string },
  address: string,
): Promise<boolean> {
  return db.transaction().execute(async (transaction) => {
    const remove = transaction.deleteFrom('api_keys').where('id', '=', key.id).where('user_id', '=', key.userId)
    const { numDeletedRows } = await remove.executeTakeFirst()
    if (numDeletedRows === 0n) return false
    await recordEvent(transaction, { type: 'api_key_revoked', userId: key.userId, address, subjectId: key.id })
    return true
  })
}

export async function removeApiKeys(transaction: Transaction<DB>, userId: string): Promise<void> {
  await transaction.deleteFrom('api_keys').where('user_id', '=', userId).execute()
}
