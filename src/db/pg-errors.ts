/**
 * Errors of PostgreSQL and of the connection to it, by name (PostgreSQL manual, appendix A). In these classes each is
 * an outage: the connection (08), lack of resources (53), an operator or a time-out of ours (57), a fault of the
 * machine that PostgreSQL runs on (58), and a login that is refused (28), although it was accepted at the start.
 */
const OUTAGE_CLASSES = ['08', '28', '53', '57', '58'] as const

const OUTAGE_STATES: ReadonlySet<string> = new Set([
  '25006', // read_only_sql_transaction: a standby after a fail-over
  '25P02', // in_failed_sql_transaction: after a statement whose result was lost
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
  '26000', // invalid_sql_statement_name: the session is not the one that prepared it, as behind a new pooler
  '3D000', // invalid_catalog_name: the database was dropped, and is being restored
  '40000', // transaction_rollback
  '40001', // serialization_failure
  '40003', // statement_completion_unknown
  '40P01', // deadlock_detected
  '42P05', // duplicate_prepared_statement: as 26000
  '55006', // object_in_use
  '55P03', // lock_not_available
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

/** Errors of pg itself and of our pool, which have no code. */
const OUTAGE_MESSAGES = [
  'Too many wait for a database connection',
  'timeout exceeded when trying to connect',
  'timeout expired', // of a single connection
  'Connection terminated',
  'Query read timeout',
  'Client has encountered a connection error',
  'Client was closed and is not queryable',
  'Cannot use a pool after calling end',
  'cached plan must not change result type', // after a migration; the next attempt plans anew
]

/**
 * Whether the database is unreachable or overloaded: a retry later may succeed, and it is no fault of the server.
 * Damaged data (XX001, XX002) is none: it does not pass, and a 500 is logged as an error.
 */
export function isOutage(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isOutage)
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  // The socket is missing. Waiting does not help with any other missing file, such as a certificate.
  if (code === 'ENOENT') return propertyOf(error, 'syscall') === 'connect'
  if (code !== undefined && (OUTAGE_STATES.has(code) || OUTAGE_CODES.has(code))) return true
  if (code?.length === 5 && OUTAGE_CLASSES.some((prefix) => code.startsWith(prefix))) return true
  // The session has ended, or never began; that is no fault of a request, whatever its code (55000, XX000).
  if (['FATAL', 'PANIC'].includes(propertyOf(error, 'severity') ?? '')) return true
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
