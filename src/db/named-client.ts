import { Client, type ClientConfig, type QueryConfig } from 'pg'

const MAX_STATEMENTS = 500
/** The name of each statement text, shared by all connections. It is bounded, so that it cannot leak memory. */
const names = new Map<string, string>()
let nextName = 0

type Query = (...args: readonly unknown[]) => unknown

/**
 * A connection that names its parametrised statements, so that PostgreSQL parses each only once per connection and can
 * reuse its plan. It closes when a result does not arrive in time.
 */
export class NamedClient extends Client {
  constructor(config?: string | ClientConfig) {
    super(config)
    // The pool listens only while the connection is idle, and an error without a listener ends the process. While the
    // connection is in use, its statement fails.
    this.on('error', () => undefined)
    const query = this.query.bind(this) as Query
    const named: Query = (text, values, ...rest) => {
      if (typeof text !== 'string' || !Array.isArray(values)) return query(text, values, ...rest)
      const result = query(...nameStatement(text, values), ...rest)
      return result instanceof Promise
        ? result.catch((error: unknown) => this.#afterFailure(error, query, text, values))
        : result
    }
    this.query = named as typeof this.query
  }

  async #afterFailure(error: unknown, query: Query, text: string, values: readonly unknown[]): Promise<unknown> {
    if (isStalePlan(error)) {
      names.delete(text)
      if (this.getTransactionStatus() === 'I') return query(text, values)
    }
    if (error instanceof Error && error.message === 'Query read timeout') await this.#destroy(error)
    throw error
  }

  /**
   * After a client-side time-out the server may still be busy with the statement, and a transaction may still be
   * open. Such a connection must not go back to the pool: the next request would write into the old transaction.
   */
  #destroy(error: Error): Promise<void> {
    const { connection } = this as unknown as { connection: { stream: { destroy: (error: Error) => void } } }
    // The pool takes the connection back until it learns that it has ended, so that must come first.
    const ended = new Promise<void>((resolve) => this.once('end', resolve))
    connection.stream.destroy(error)
    return ended
  }
}

function nameStatement(text: string, values: readonly unknown[]): [QueryConfig] | [string, readonly unknown[]] {
  if (values.length === 0) return [text, values]
  const name = names.get(text) ?? (names.size < MAX_STATEMENTS ? `s${(nextName += 1)}` : undefined)
  if (name === undefined) return [text, values]
  names.set(text, name)
  return [{ name, text, values: [...values] }]
}

/** A migration changed the columns of a prepared `select *`. PostgreSQL refuses it before it does anything. */
function isStalePlan(error: unknown): boolean {
  return error instanceof Error && error.message === 'cached plan must not change result type'
}
