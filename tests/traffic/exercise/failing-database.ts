import { Client } from 'pg'

/** Failures as PostgreSQL tells them, by SQLSTATE. Each text is one that no answer may show. */
const messages = {
  '40P01': 'deadlock detected, says canary_deadlock',
  '57014': 'canceling statement due to statement timeout, says canary_timeout',
  '55P03': 'canceling statement due to lock timeout, says canary_lock',
  '53100': 'could not extend file "base/16384/canary": No space left on device',
  '23505': 'duplicate key value violates unique constraint "canary_constraint"',
  '23503': 'insert or update on table "canary_table" violates foreign key constraint "canary_foreign_key"',
  '42P01': 'relation "canary_relation" does not exist',
  XX000: 'canary: cache lookup failed for /usr/lib/postgresql/canary.so',
} as const

export type Failure = keyof typeof messages

/** Those after which it is worth trying again, and those that are a fault of the server. */
export const outages: readonly Failure[] = ['40P01', '57014', '55P03', '53100']
export const faults: readonly Failure[] = ['23505', '23503', '42P01', 'XX000']

export interface FailingDatabase {
  /** From the statement with this number on, counted from 1, PostgreSQL refuses each; answers how many were sent. */
  readonly fail: <T>(
    from: number,
    failure: Failure,
    work: () => Promise<T>,
  ) => Promise<{ readonly result: T; readonly statements: number }>
  readonly restore: () => void
}

type Query = (this: unknown, statement: unknown, ...rest: readonly unknown[]) => unknown

/**
 * Makes any statement of this process fail, with the error that PostgreSQL itself then raises. Must be called before
 * the connections are opened.
 */
export function failingDatabase(): FailingDatabase {
  const given: Query = Reflect.get(Client.prototype, 'query')
  let armed: { readonly from: number; readonly failure: Failure } | undefined
  let statements = 0
  const query: Query = function (statement, ...rest) {
    // A transaction must be able to end, or its connection would be lost.
    if (armed === undefined || statement === 'rollback' || (statements += 1) < armed.from) {
      return given.call(this, statement, ...rest)
    }
    return given.call(this, raise(armed.failure))
  }
  Reflect.set(Client.prototype, 'query', query)
  return {
    fail: async (from, failure, work) => {
      armed = { from, failure }
      statements = 0
      const result = await work().finally(() => (armed = undefined))
      return { result, statements }
    },
    restore: () => void Reflect.set(Client.prototype, 'query', given),
  }
}

function raise(failure: Failure): string {
  const options = `errcode = '${failure}', detail = 'Key (canary_column)=(canary_value) exists.', hint = 'canary_hint', table = 'canary_table'`
  return `do $canary$ begin raise exception using message = '${messages[failure].replaceAll("'", "''")}', ${options}; end $canary$`
}
