/** Errors of PostgreSQL and of the connection to it, by name (PostgreSQL manual, appendix A). */
const OUTAGE_STATES: ReadonlySet<string> = new Set([
  '25006', // read_only_sql_transaction: a standby after a fail-over
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '53000', // insufficient_resources
  '53100', // disk_full
  '53200', // out_of_memory
  '53300', // too_many_connections
  '55P03', // lock_not_available
  '57014', // query_canceled: a time-out of ours
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now
  '25P03', // idle_in_transaction_session_timeout
])

const OUTAGE_CODES: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EAI_AGAIN',
  'ENOTFOUND',
])

/** Errors of pg itself, which have no code. */
const OUTAGE_MESSAGES = [
  'timeout exceeded when trying to connect',
  'timeout expired', // of a single connection
  'Connection terminated',
  'Query read timeout',
  'Client has encountered a connection error',
  'Client was closed and is not queryable',
  'Cannot use a pool after calling end',
  'cached plan must not change result type', // after a migration; the next attempt plans anew
]

/** Whether the database is unreachable or overloaded: a retry later may succeed, and it is no fault of the server. */
export function isOutage(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isOutage)
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  // The socket is missing. Waiting does not help with any other missing file, such as a certificate.
  if (code === 'ENOENT') return propertyOf(error, 'syscall') === 'connect'
  if (code !== undefined && (OUTAGE_STATES.has(code) || OUTAGE_CODES.has(code) || code.startsWith('08'))) return true
  return OUTAGE_MESSAGES.some((message) => error.message.startsWith(message))
}

/** A serialization failure or a deadlock: PostgreSQL has rolled the transaction back so that another can go on. */
export function isSerializationConflict(error: unknown): boolean {
  return ['40001', '40P01'].includes(codeOf(error) ?? '')
}

/** A lock that another transaction holds was not released in time. */
export function isLockTimeout(error: unknown): boolean {
  return codeOf(error) === '55P03'
}

/** No connection with these settings will ever work: wrong or no password, unknown role or database. */
export function isRefusedLogin(error: unknown): boolean {
  if (['28P01', '28000', '3D000', '42501'].includes(codeOf(error) ?? '')) return true
  return error instanceof Error && error.message.startsWith('SASL:')
}

/** unique_violation of the constraint with this name. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  return codeOf(error) === '23505' && propertyOf(error, 'constraint') === constraint
}

/** foreign_key_violation: a row that this one belongs to is not, or no longer, there. */
export function isMissingRow(error: unknown): boolean {
  return codeOf(error) === '23503'
}

/** The error in one line; for several attempts (one for each address of a host name) the first. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return reasonOf(error.errors[0])
  return error instanceof Error ? error.message || error.name : String(error)
}

function codeOf(error: unknown): string | undefined {
  return propertyOf(error, 'code')
}

function propertyOf(error: unknown, key: string): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined
  const value: unknown = Reflect.get(error, key)
  return typeof value === 'string' ? value : undefined
}
