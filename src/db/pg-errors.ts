/** Faults of PostgreSQL and of the way to it, by name instead of by code (PostgreSQL manual, appendix A). */
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

/** What pg itself says, without a code. */
const OUTAGE_MESSAGES = [
  'timeout exceeded when trying to connect',
  'timeout expired', // of a single connection
  'Connection terminated',
  'Query read timeout',
  'Client has encountered a connection error',
  'Client was closed and is not queryable',
  'Cannot use a pool after calling end',
  'cached plan must not change result type', // a migration went by; the next try plans anew
]

/** Whether the database could not be reached or could not do it now: worth trying again later, and no fault of ours. */
export function isOutage(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isOutage)
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  // No socket there; another missing file, such as a certificate, will not come by waiting.
  if (code === 'ENOENT') return propertyOf(error, 'syscall') === 'connect'
  if (code !== undefined && (OUTAGE_STATES.has(code) || OUTAGE_CODES.has(code) || code.startsWith('08'))) return true
  return OUTAGE_MESSAGES.some((message) => error.message.startsWith(message))
}

/** PostgreSQL ended this transaction for the sake of another and undid all of it: serialization failure or deadlock. */
export function isSerializationConflict(error: unknown): boolean {
  return ['40001', '40P01'].includes(codeOf(error) ?? '')
}

/** A connection that will never work with these settings: wrong or no password, unknown role or database. */
export function isRefusedLogin(error: unknown): boolean {
  if (['28P01', '28000', '3D000', '42501'].includes(codeOf(error) ?? '')) return true
  return error instanceof Error && error.message.startsWith('SASL:')
}

/** unique_violation of the constraint with this name. */
export function isUniqueViolation(error: unknown, constraint: string): boolean {
  return codeOf(error) === '23505' && propertyOf(error, 'constraint') === constraint
}

/** What went wrong, in one line; of several attempts (one per address of a host name) the first. */
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
