import { sql } from 'kysely'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { callerFor, send, wellFormed } from '../../contract/operations.ts'
import { operations } from '../../contract/document-examples.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { enrol, type Person } from '../../support/people.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { FAILURES, type Failure, failingDatabase, type FailingDatabase } from './failing-database.ts'

let database: TestDatabase
let failing: FailingDatabase
let server: TestServer
let ann: Person

beforeAll(async () => {
  database = await createTestDatabase()
  failing = failingDatabase(database.db)
  server = await startServer({ db: failing.db, name: 'failing database' })
  ann = await enrol(server)
})
afterAll(async () => {
  await server.stop()
  await database.drop()
})

/** More statements than any operation sends. */
const MOST_STATEMENTS = 40
const kinds = Object.keys(FAILURES) as Failure[]

test.each(operations.map((operation) => ({ operation, id: operation.operationId })))(
  '$id tells nothing of what PostgreSQL says, at whichever statement it fails',
  async ({ operation }) => {
    const asksDatabase = operation.operationId !== 'getLiveness'
    let failures = 0
    for (let from = 1, sent = Number.POSITIVE_INFINITY; from <= Math.min(sent, MOST_STATEMENTS); from += 1) {
      // Each statement with some of the failures, and in the end all failures with some statements.
      const failure = kinds[(from + operations.indexOf(operation)) % kinds.length] ?? 'XX000'
      const caller = await callerFor(operation, server, ann)
      const attempt = await wellFormed(operation, server, caller)
      const credential = `Bearer ${caller.accessToken}`
      const { result, statements } = await failing.fail(from, failure, () => send(server, attempt, credential))
      expect.soft(result.text, `${failure} at statement ${from}`).not.toContain('canary')
      if (result.status >= 400) failures += 1
      sent = statements
    }
    expect(failures > 0).toBe(asksDatabase)
  },
)

test('a statement that waits for a lock, and one that waits for a connection, tell nothing of it', async () => {
  const attempts = await Promise.all(
    operations.map(async (operation) => {
      const caller = await callerFor(operation, server, ann)
      return { attempt: await wellFormed(operation, server, caller), credential: `Bearer ${caller.accessToken}` }
    }),
  )
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const { promise: locked, resolve: isLocked } = Promise.withResolvers<void>()
  const holder = database.db.transaction().execute(async (transaction) => {
    await sql`set local idle_in_transaction_session_timeout = 0`.execute(transaction)
    await sql`lock table notes, security_events in access exclusive mode`.execute(transaction)
    isLocked()
    await held
  })
  await locked
  const answers = await Promise.all(attempts.map(({ attempt, credential }) => send(server, attempt, credential)))
  release()
  await holder
  expect(answers.filter(({ status }) => status === 503).length).toBeGreaterThan(10)
  for (const { text } of answers) expect(text).not.toMatch(/lock|timeout|relation|connect/i)
})
