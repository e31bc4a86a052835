import { loadConfig } from '../../../src/config/config.ts'
import { type Clock, stopClock } from '../../support/clock.ts'
import { createTestDatabase } from '../../support/database.ts'
import { type Answer, ask, type AskOptions, enrol, type Person } from '../../support/people.ts'
import { startServer, type TestServer } from '../../support/server.ts'

/** A server with the settings that it has by default, and the time of its database and process in our hands. */
export interface Lab {
  readonly server: TestServer
  readonly clock: Clock
  readonly settings: ReturnType<typeof loadConfig>
  readonly person: () => Promise<Person>
  readonly ask: (method: string, path: string, options?: AskOptions) => Promise<Answer>
  /** A form for POST /auth/token; `from` is the address that it comes from. */
  readonly token: (grant: Readonly<Record<string, string>>, from?: string) => Promise<Answer>
  readonly close: () => Promise<void>
}

export async function openLab(environment: Readonly<Record<string, string>> = {}): Promise<Lab> {
  const settings = loadConfig(environment)
  const database = await createTestDatabase()
  const clock = await stopClock(database)
  const server = await startServer({
    ...settings,
    userQuota: 1_000_000,
    addressQuota: 1_000_000,
    db: database.db,
    trustedProxies: ['127.0.0.1/32'],
    isRecorded: false,
  })
  const form = 'application/x-www-form-urlencoded'
  return {
    server,
    clock,
    settings,
    person: () => enrol(server),
    ask: (method, path, options) => ask(server, method, path, options),
    token: (grant, from = '192.0.2.1') =>
      ask(server, 'POST', '/auth/token', {
        body: new URLSearchParams(grant).toString(),
        headers: { 'Content-Type': form, 'X-Forwarded-For': from },
      }),
    close: async () => {
      clock.stop()
      await server.stop()
      await database.drop()
    },
  }
}

/** The smallest step of the clock, in seconds: an edge is met on one side and passed by this. */
export const STEP = 0.001
