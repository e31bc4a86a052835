import type { Client } from 'pg'
import { StartupError } from '../startup-error.ts'

/** The connections that a server may open. */
export interface Pools {
  /** Of each process. */
  readonly size: number
  /** How many processes have a pool; with workers, one more than those, which there is during a reload. */
  readonly processes: number
}

/** Refuses pools that are larger than what PostgreSQL allows this role: under load, requests would fail. */
export async function requireConnections(client: Client, { size, processes }: Pools): Promise<void> {
  const { rows } = await client.query<{ allowed: number }>(
    `select least(
      current_setting('max_connections')::int - case when rolsuper then 0 else
        current_setting('superuser_reserved_connections')::int
        + coalesce(current_setting('reserved_connections', true)::int, 0) end,
      nullif(rolconnlimit, -1), nullif(datconnlimit, -1)) as allowed
    from pg_roles, pg_database where rolname = current_user and datname = current_database()`,
  )
  const allowed = rows[0]?.allowed ?? 0
  const wanted = size * processes
  if (wanted <= allowed) return
  const cause = processes === 1 ? '' : `, for each of ${processes - 1} workers and one more during a reload`
  throw new StartupError(
    `DATABASE_POOL_SIZE ${size}${cause}: that is ${wanted} connections, and PostgreSQL allows this role ${allowed}; ` +
      `lower ${processes === 1 ? 'it' : 'it or WORKERS'}, or raise max_connections there`,
  )
}
