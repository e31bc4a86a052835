import { StartupError } from '../startup-error.ts'
import { isOutage, isRefusedLogin, reasonOf } from './pg-errors.ts'

/** The setting that an operator has to change when this database cannot be used. */
export type DatabaseSetting = 'DATABASE_URL' | 'MIGRATION_DATABASE_URL' | 'DATA_DIR'

/**
 * What to do about an error at the start. A StartupError for a fault that stays until the operator mends it; the error
 * itself for an absence, which is worth waiting for: PostgreSQL is starting, full, or not reachable yet.
 */
export function startFault(error: unknown, setting: DatabaseSetting): unknown {
  if (error instanceof StartupError) return error
  const line = faultOf(error, setting)
  return line === undefined ? error : new StartupError(`${setting}: ${line}`)
}

/** The server is asked for the time zone and more at the start of a session, which poolers do not allow. */
export function poolerLine(setting: DatabaseSetting): string {
  return setting === 'MIGRATION_DATABASE_URL'
    ? 'this is a pooler such as PgBouncer too; give the address of PostgreSQL itself'
    : 'this is a pooler such as PgBouncer; set DATABASE_POOLER=transaction, and MIGRATION_DATABASE_URL to the ' +
        'address of PostgreSQL itself'
}

function faultOf(error: unknown, setting: DatabaseSetting): string | undefined {
  const reason = reasonOf(error)
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  if (reason.startsWith('unsupported startup parameter')) return poolerLine(setting)
  if (code === '42501' && !reason.startsWith('permission denied for database'))
    return `a right is missing: ${reason}; grant it, or make this role the owner of its schema`
  if (isRefusedLogin(error) || isRefusedByPooler(code, reason)) return `PostgreSQL refuses the login: ${reason}`
  if (reason === 'The server does not support SSL connections')
    return 'PostgreSQL has no TLS, which sslmode asks for; turn on TLS there, or write sslmode=disable'
  if (/^(CERT_|DEPTH_|ERR_TLS_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_)/.test(code))
    return `the certificate of PostgreSQL is refused (${reason}); set sslrootcert to that of its authority, or the name`
  if (code === '42P07') return `${reason} and is not of notes-api; give notes-api a schema or a database of its own`
  // A connection that PostgreSQL refuses for a reason of its own, such as 55000.
  const isAbsent = isOutage(error) && code !== '55000'
  return isAbsent ? undefined : `the database cannot be used: ${reason}`
}

/** PgBouncer has one code for what it refuses and for what it cannot reach. */
function isRefusedByPooler(code: string, reason: string): boolean {
  return code === '08P01' && /no such|authentication failed|not allowed|not support|required/i.test(reason)
}
