import { isIP } from 'node:net'
import { Client } from 'pg'
import type { Config } from '../config/config.ts'
import { connectionConfig } from '../db/database.ts'
import { embeddedConnection } from '../db/embedded/embedded.ts'
import { PooledClient } from '../db/pooled-client.ts'
import { failed, type Finding, passed, reasonOf } from './check.ts'

export const TIMEOUT_MS = 5_000

/** Where the server that has these settings answers on this machine. */
export function addressOfServer({ host, port }: Config): string {
  const address = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  return `http://${isIP(address) === 6 ? `[${address}]` : address}:${port}`
}

export async function checkHealth(config: Config): Promise<Finding> {
  const url = `${addressOfServer(config)}/health`
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const body: unknown = await response.json()
    const version: unknown = Object.fromEntries(Object.entries(body ?? {}))['version']
    if (response.ok) return passed('health', `healthy, version ${String(version)}`)
    return failed('health', `${url} answers ${response.status}`, 'see the log of the server')
  } catch (error) {
    const remedy = 'is the server running with these settings?'
    return failed('health', `${url} does not answer (${reasonOf(error)})`, remedy)
  }
}

export async function checkDatabase(config: Config): Promise<Finding> {
  const connection = config.databaseUrl ?? embeddedConnection(config.dataDir)
  const options = { ...connectionConfig(connection), connectionTimeoutMillis: TIMEOUT_MS }
  const client = config.databasePooler === 'none' ? new Client(options) : new PooledClient(options)
  client.on('error', () => undefined)
  try {
    await client.connect()
    const { rows } = await client.query<{ users: string }>('select count(*)::text as users from users')
    return passed('database', `the database is reachable and has ${rows[0]?.users ?? '?'} users`)
  } catch (error) {
    const remedy = 'is it running, and may this role read it?'
    return failed('database', `the database cannot be read: ${reasonOf(error)}`, remedy)
  } finally {
    await client.end().catch(() => undefined)
  }
}
