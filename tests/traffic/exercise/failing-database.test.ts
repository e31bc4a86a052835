import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { callerFor, send, wellFormed } from '../../contract/operations.ts'
import { operations } from '../../contract/harness/document-examples.ts'
import { useDatabase, useFixture, usePerson, useServer } from '../../support/fixtures.ts'
import { failingDatabase, faults, outages } from './failing-database.ts'

const failing = useFixture(
  async () => failingDatabase(),
  ({ restore }) => restore(),
)
const database = useDatabase()
const server = useServer(() => ({ db: database.db, name: 'failing database' }))
const ann = usePerson(server)

/** More statements than any operation sends. */
const MOST_STATEMENTS = 60

/** These succeed although a part of their work failed: one note, the events after the first, tidying up at the end. */
const canSucceedInPart: ReadonlySet<string> = new Set(['changeNotes', 'streamChanges', 'deleteMe'])

test.each(operations.map((operation) => ({ operation, id: operation.operationId })))(
  '$id tells nothing of what PostgreSQL says, at whichever statement it fails',
  { timeout: 60_000 },
  async ({ operation }) => {
    const statuses = new Set<number>()
    const index = operations.indexOf(operation)
    for (let from = 1; from <= MOST_STATEMENTS; from += 1) {
      // In turn, and beginning with another one for the next operation: each would find what the other finds.
      const failures = (from + index) % 2 === 0 ? outages : faults
      const failure = failures[(from + index) % failures.length] ?? 'XX000'
      const caller = await callerFor(operation, server, ann)
      const attempt = await wellFormed(operation, server, caller)
      const credential = `Bearer ${caller.accessToken}`
      const { result, statements } = await failing.fail(from, failure, () => send(server, attempt, credential))
      expect.soft(result.text, `${failure} at statement ${from}`).not.toContain('canary')
      if (statements >= from && outages.includes(failure)) {
        const allowed = canSucceedInPart.has(operation.operationId) ? [200, 204, 503] : [503]
        expect.soft(allowed, `${failure} at statement ${from}: ${result.status}`).toContain(result.status)
      }
      statuses.add(result.status)
      // It came to its end before that statement.
      if (statements < from) break
      expect(from).toBeLessThan(MOST_STATEMENTS)
    }
    expect([...statuses].some((status) => status >= 500)).toBe(operation.operationId !== 'getLiveness')
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
