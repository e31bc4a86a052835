import type { QueryConfig } from 'pg'
import { GuardedClient, type Query } from './guarded-client.ts'

const MAX_STATEMENTS = 500
/** The name of each statement text, shared by all connections. It is bounded, so that it cannot leak memory. */
const names = new Map<string, string>()
let nextName = 0

/**
 * A connection that names its parametrised statements, so that PostgreSQL parses each only once per connection and can
 * reuse its plan.
 */
export class NamedClient extends GuardedClient {
  protected override async send(query: Query, text: string, values: readonly unknown[]): Promise<unknown> {
    try {
      return await query(...nameStatement(text, values))
    } catch (error) {
      if (!isStalePlan(error)) throw error
      names.delete(text)
      if (this.getTransactionStatus() !== 'I') throw error
      return query(text, values)
    }
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
