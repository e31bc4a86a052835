import { expect, test } from 'vitest'
import { isOutage } from '../../src/db/pg-errors.ts'

/** As pg makes it of what PostgreSQL sends. */
function failure(code: string, severity = 'ERROR'): Error {
  return Object.assign(new Error('canary'), { code, severity })
}

/** Each SQLSTATE that a race, an outage or an operator can cause while requests are served. */
test.each([
  ['08000', 'connection_exception'],
  ['08003', 'connection_does_not_exist'],
  ['08006', 'connection_failure'],
  ['08P01', 'protocol_violation: what PgBouncer sends while it cannot reach PostgreSQL'],
  ['25006', 'read_only_sql_transaction: a standby after a fail-over'],
  ['25P02', 'in_failed_sql_transaction: after a statement whose result was lost'],
  ['25P03', 'idle_in_transaction_session_timeout'],
  ['25P04', 'transaction_timeout'],
  ['26000', 'invalid_sql_statement_name: another session answers'],
  ['28000', 'invalid_authorization_specification: pg_hba.conf was changed'],
  ['28P01', 'invalid_password: it was changed'],
  ['3D000', 'invalid_catalog_name: the database was dropped'],
  ['40001', 'serialization_failure'],
  ['40003', 'statement_completion_unknown'],
  ['40P01', 'deadlock_detected'],
  ['42P05', 'duplicate_prepared_statement: another session answers'],
  ['53100', 'disk_full'],
  ['53200', 'out_of_memory'],
  ['53300', 'too_many_connections'],
  ['53400', 'configuration_limit_exceeded: temp_file_limit'],
  ['55006', 'object_in_use'],
  ['55P03', 'lock_not_available'],
  ['57014', 'query_canceled: statement_timeout'],
  ['57P01', 'admin_shutdown'],
  ['57P02', 'crash_shutdown'],
  ['57P03', 'cannot_connect_now'],
  ['57P04', 'database_dropped'],
  ['57P05', 'idle_session_timeout'],
  ['58000', 'system_error'],
  ['58030', 'io_error'],
  ['58P01', 'undefined_file'],
])('%s is an outage, so the client gets a 503: %s', (code) => {
  expect(isOutage(failure(code))).toBe(true)
  expect(isOutage(new AggregateError([failure(code)]))).toBe(true)
})

/** These do not pass, so a client must not be told to try again; the 500 is logged as an error. */
test.each([
  ['22021', 'character_not_in_repertoire'],
  ['22P02', 'invalid_text_representation'],
  ['23502', 'not_null_violation'],
  ['23503', 'foreign_key_violation: its handler makes a 401 or 404 of it'],
  ['23505', 'unique_violation: its handler makes a 409 of it'],
  ['23514', 'check_violation'],
  ['42501', 'insufficient_privilege'],
  ['42703', 'undefined_column'],
  ['42P01', 'undefined_table'],
  ['42P08', 'ambiguous_parameter'],
  ['54001', 'statement_too_complex'],
  ['55000', 'object_not_in_prerequisite_state'],
  ['XX000', 'internal_error'],
  ['XX001', 'data_corrupted'],
  ['XX002', 'index_corrupted'],
])('%s is no outage, so the client gets a 500: %s', (code) => {
  expect(isOutage(failure(code))).toBe(false)
})

test.each(['FATAL', 'PANIC'])(
  'an error with the severity %s ended the session, so it is an outage whatever its code',
  (severity) => {
    expect(isOutage(failure('XX000', severity))).toBe(true)
    expect(isOutage(failure('55000', severity))).toBe(true)
  },
)
