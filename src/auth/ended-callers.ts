import { sql } from 'kysely'
import type { Caller } from '../contract/types.ts'
import type { Database } from '../db/database.ts'

/**
 * Which of these callers must not be served any more: logged out, revoked, disabled, deleted or expired. It is one
 * statement for any number of callers.
 */
export async function findEndedCallers(db: Database, callers: readonly Caller[]): Promise<Set<Caller>> {
  const idsOf = (kind: Caller['credential']['kind']): string[] => [
    ...new Set(callers.filter(({ credential }) => credential.kind === kind).map(({ credential }) => credential.id)),
  ]
  const { rows } = await sql<{ id: string }>`
    select s.id from sessions s join users u on u.id = s.user_id
    where s.id = any(${idsOf('session')}::uuid[]) and s.ended_at is null and s.expires_at > now() and u.is_active
    union all
    select k.id from api_keys k join users u on u.id = k.user_id
    where k.id = any(${idsOf('api_key')}::uuid[]) and k.expires_at > now() and u.is_active`.execute(db)
  const live = new Set(rows.map(({ id }) => id))
  const now = Date.now()
  const isEnded = ({ credential, expiresAt = Number.POSITIVE_INFINITY }: Caller): boolean =>
    !live.has(credential.id) || expiresAt <= now
  return new Set(callers.filter(isEnded))
}
