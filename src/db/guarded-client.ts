import { Client, type ClientConfig } from 'pg'

/** The `query` of pg, which has many forms. */
export type Query = (...args: readonly unknown[]) => unknown

/** A connection for the pool, which closes when a result does not arrive in time. */
export abstract class GuardedClient extends Client {
  constructor(config?: string | ClientConfig) {
    super(config)
    // The pool listens only while the connection is idle, and an error without a listener ends the process. While the
    // connection is in use, its statement fails.
    this.on('error', () => undefined)
    const query = this.query.bind(this) as Query
    const guarded: Query = (text, values, ...rest) => {
      if (typeof text !== 'string' || !Array.isArray(values)) return query(text, values, ...rest)
      return this.send(query, text, values).catch((error: unknown) => this.#afterFailure(error))
    }
    this.query = guarded as typeof this.query
  }

  /** Sends one statement. */
  protected abstract send(query: Query, text: string, values: readonly unknown[]): Promise<unknown>

  /**
   * After a client-side time-out the server may still be busy with the statement, and a transaction may still be
   * open. Such a connection must not go back to the pool: the next request would write into the old transaction.
   */
  async #afterFailure(error: unknown): Promise<never> {
    if (isTimeout(error)) await this.#destroy(error)
    throw error
  }

  #destroy(error: Error): Promise<void> {
    const { connection } = this as unknown as { connection: { stream: { destroy: (error: Error) => void } } }
    // The pool takes the connection back until it learns that it has ended, so that must come first.
    const ended = new Promise<void>((resolve) => this.once('end', resolve))
    connection.stream.destroy(error)
    return ended
  }
}

/** The client gave up waiting for a result. */
export function isTimeout(error: unknown): error is Error {
  return error instanceof Error && error.message === 'Query read timeout'
}
