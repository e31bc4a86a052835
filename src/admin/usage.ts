import { sql } from 'kysely'
import { cursorRows } from '../db/cursor-rows.ts'
import type { Database } from '../db/database.ts'
import { liftLimits } from '../db/limits-of-operator.ts'
import { inTransaction } from '../db/transaction.ts'

/** What an account uses. Bytes are those of UTF-8; of earlier versions, those of the compressed text. */
export interface Usage {
  readonly email: string
  readonly is_active: boolean
  readonly notes: number
  readonly trashed_notes: number
  /** Of titles and contents, the trash included. */
  readonly text_bytes: number
  readonly history_bytes: number
  /** Live ones. */
  readonly sessions: number
  readonly api_keys: number
  /** The latest login, refresh, use of an API key (to within five minutes) or change of a note. */
  readonly last_active_at: string | null
}

const orders = {
  bytes: sql`text_bytes + history_bytes desc`,
  notes: sql`notes + trashed_notes desc`,
  activity: sql`last_active_at desc nulls last`,
  email: sql`email_key collate "C"`,
}
export type UsageOrder = keyof typeof orders
export const usageOrders = Object.keys(orders)

export function isUsageOrder(text: string): text is UsageOrder {
  return Object.hasOwn(orders, text)
}

/** Gives the accounts to `take` in batches, all from one moment. Without a `limit` all of them. */
export async function readUsage(
  db: Database,
  { order, limit }: { readonly order: UsageOrder; readonly limit: number | undefined },
  take: (accounts: readonly Usage[]) => Promise<void>,
): Promise<void> {
  const first = limit === undefined ? sql`` : sql`limit ${sql.lit(limit)}`
  await inTransaction(db, async (tx) => {
    await liftLimits(tx)
    const statement = sql<Usage>`${usage} order by ${orders[order]}, email_key collate "C" ${first}`
    for await (const accounts of cursorRows(tx, statement)) await take(accounts)
  })
}

/** The length of a text is known without reading it. Each table is read once, however many accounts there are. */
const usage = sql`
  with owned as (
    select owner_id, count(*) filter (where deleted_at is null) as notes,
      count(*) filter (where deleted_at is not null) as trashed_notes,
      sum(octet_length(title) + octet_length(content))::bigint as text_bytes
    from notes group by owner_id),
  earlier as (
    select owner_id, sum(bytes)::bigint as history_bytes from (
      select owner_id, octet_length(data) as bytes from note_texts join notes on notes.id = note_id
      union all
      select owner_id, octet_length(note_revisions.title) from note_revisions join notes on notes.id = note_id) as part
    group by owner_id),
  live_sessions as (
    select user_id, count(*) as sessions from sessions
    where ended_at is null and expires_at > now() group by user_id),
  live_keys as (select user_id, count(*) as api_keys from api_keys where expires_at > now() group by user_id),
  activity as (
    select user_id, max(at) as last_active_at from (
      select user_id, token.created_at as at from refresh_tokens token join sessions on sessions.id = session_id
      union all select user_id, last_used_at from api_keys
      union all select user_id, created_at from security_events where type in ('registered', 'login')
      union all select owner_id, at from note_changes where kind <> 'erase') as sign
    group by user_id)
  select email, is_active, notes, trashed_notes, text_bytes, history_bytes, sessions, api_keys, last_active_at
  from (
    select email, email_key, is_active, coalesce(notes, 0) as notes, coalesce(trashed_notes, 0) as trashed_notes,
      coalesce(text_bytes, 0) as text_bytes, coalesce(history_bytes, 0) as history_bytes,
      coalesce(sessions, 0) as sessions, coalesce(api_keys, 0) as api_keys, last_active_at
    from users left join owned on owned.owner_id = users.id left join earlier on earlier.owner_id = users.id
      left join live_sessions on live_sessions.user_id = users.id left join live_keys on live_keys.user_id = users.id
      left join activity on activity.user_id = users.id) as account`
