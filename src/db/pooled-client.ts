import { GuardedClient, isTimeout, type Query } from './guarded-client.ts'
import { limits } from './limits.ts'

const LIMITS = Object.entries(limits).map(([name, milliseconds]) => `set local ${name} = ${milliseconds}`)
const BEGIN = ['begin', ...LIMITS].join('; ')

/**
 * A connection through a pooler in transaction mode, which gives each transaction a session of PostgreSQL that others
 * had before. So statements have no names, and each transaction sets its own time limits. A statement outside of a
 * transaction gets one: it must not take effect long after its client has given up.
 */
export class PooledClient extends GuardedClient {
  /** The time zone is one of the few settings that PgBouncer takes with the start and keeps for each of its clients. */
  getStartupConf(): Record<string, string> {
    const prototype = Object.getPrototypeOf(GuardedClient.prototype) as { getStartupConf: () => Record<string, string> }
    const { user, database, application_name } = prototype.getStartupConf.call(this)
    return Object.fromEntries(
      Object.entries({ user, database, application_name, TimeZone: 'UTC' }).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, value]],
      ),
    )
  }

  protected override async send(query: Query, text: string, values: readonly unknown[]): Promise<unknown> {
    if (text === 'begin') return query(BEGIN)
    if (this.getTransactionStatus() !== 'I') return query(text, values)
    await query(BEGIN)
    try {
      const result = await query(text, values)
      await query('commit')
      return result
    } catch (error) {
      // A connection that is lost, or is closed after a time-out, ends its transaction too.
      if (!isTimeout(error)) await Promise.resolve(query('rollback')).catch(() => undefined)
      throw error
    }
  }
}
