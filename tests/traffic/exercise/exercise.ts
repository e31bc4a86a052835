import { sql } from 'kysely'
import { enrol, register } from '../../support/people.ts'
import { holdLocks } from '../../support/locks.ts'
import { unobserved } from '../../support/observed-database.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { exerciseAccounts } from './accounts.ts'
import { exerciseChanges, exerciseLists, exerciseLongList } from './lists.ts'
import { exerciseNotes } from './notes.ts'
import { holder, newNote } from './steps.ts'
import { ofToken } from '../invariants/seen.ts'

/** With settings that are no defaults, so that a default in their place is found. */
const SETTINGS = {
  name: 'exercise',
  trashDays: 11,
  accessTokenSeconds: 777,
  refreshTokenSeconds: 4_321,
  historyVersions: 50,
}

/**
 * Calls every operation with all its parameters, one account at a time, and asserts nothing: what the answers must be is
 * for those who judge the traffic. Answers the server, to be stopped.
 */
export async function exercise(): Promise<TestServer> {
  const server = await startServer(SETTINGS)
  const [ann, bob, carl] = [await register(server), await register(server), await register(server)]
  const { body } = await ann.ask('POST', '/api-keys', {
    body: { name: 'k', scopes: ['notes:write'], current_password: ann.password },
  })
  await Promise.all([
    exerciseNotes(ann, holder(server, ann, String(body['key'])), bob),
    exerciseLists(carl),
    exerciseLongList(await enrol(server)),
    exerciseChanges(await enrol(server)),
    exerciseAccounts(server),
    repeatTooEarly(server),
  ])
  return server
}

/** Requests whose first one is still under way: a transaction of ours holds what it would hold. */
async function repeatTooEarly(server: TestServer): Promise<void> {
  const dora = await register(server)
  const { path } = await newNote(dora)
  const headers = { 'Idempotency-Key': 'under-way' }
  const names = ['createNote', 'editNote'].map((operation) =>
    JSON.stringify([ofToken(dora.accessToken)?.userId, operation, 'under-way']),
  )
  await using _ = await holdLocks(unobserved(server.db), async (transaction) => {
    for (const name of names) await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(transaction)
  })
  await Promise.all([
    dora.ask('POST', '/notes', { body: { title: 'x', content: 'y' }, headers }),
    dora.ask('POST', `${path}/edits`, { body: { edits: [{ op: 'append', text: 'x' }] }, headers }),
  ])
}
