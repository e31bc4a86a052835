import { sql } from 'kysely'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Database } from '../../src/db/database.ts'
import type { OperationId } from '../../src/contract/types.ts'
import { operations, operationCalled } from '../contract/harness/document-examples.ts'
import { isSuccess, send, wellFormed } from '../contract/operations.ts'
import { countLockWaits, holdLocks } from '../support/locks.ts'
import { type Answer, enrol, type Person, userIdOf } from '../support/people.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { newNote } from './new-note.ts'

/** An account may hold this many of ten connections. */
const SHARE = 4

async function serverOfItsOwn(): Promise<TestServer & AsyncDisposable> {
  const server = await startServer()
  return { ...server, [Symbol.asyncDispose]: server.stop }
}

/** Every row that requests of a person lock: her notes. */
function lockNotes(person: Person) {
  return (db: Database) => sql`select from notes where owner_id = ${userIdOf(person)} for update`.execute(db)
}

/** What all requests write at last: the counter of her changes. */
function lockCounter(person: Person) {
  return (db: Database) => sql`select from change_counters where owner_id = ${userIdOf(person)} for update`.execute(db)
}

/** The most transactions that were seen to wait for a lock, while `work` went on. */
async function mostWaiting(db: Database, work: Promise<unknown>): Promise<number> {
  const watch = { most: 0, isOver: false }
  const over = work.finally(() => (watch.isOver = true))
  while (!watch.isOver) {
    watch.most = Math.max(watch.most, await countLockWaits(db))
    await delay(10)
  }
  await over
  return watch.most
}

const writing = operations.filter(({ operationId, security }) => {
  const isWriting = security.some((schemes) => schemes['oauth2']?.includes('notes:write'))
  return isWriting && operationId !== 'createNote' && operationId !== 'renameTags'
})

test.concurrent.each(writing.map(({ operationId }) => [operationId as OperationId]))(
  '%s of a locked note: one request holds a connection, all get a 503 in time, and nothing is changed',
  async (id) => {
    await using server = await serverOfItsOwn()
    const [ann, bob] = [await enrol(server), await enrol(server)]
    const attempt = await wellFormed(operationCalled(id), server, ann)
    const others = await newNote(bob)
    await using held = await holdLocks(server.db, lockNotes(ann))
    const began = performance.now()
    const answers: Answer[] = []
    const requests = Array.from({ length: 6 }, async () => {
      answers.push(await send(server, attempt, `Bearer ${ann.accessToken}`))
    })
    const most = mostWaiting(server.db, Promise.all(requests))
    const other = await bob.ask('PATCH', others.path, { body: { title: 'Not locked' } })
    expect([other.status, answers]).toEqual([200, []])
    expect(await most).toBe(1)
    // A second to wait for a turn, and one and a half for the lock.
    expect(performance.now() - began).toBeLessThan(4_000)
    // A batch answers for each of its actions.
    const told = answers.map(({ status, body }) => (id === 'changeNotes' ? [status, body['failed']] : [status]))
    expect(new Set(told.map(String))).toEqual(new Set([id === 'changeNotes' ? '200,1' : '503']))
    const detail = 'Other requests are changing the same notes right now. Nothing more was changed.'
    for (const { text } of answers) expect(text).toContain(detail)
    for (const { status, headers } of answers) if (status === 503) expect(headers.get('retry-after')).toBe('2')
    await held.release()
    const rows = await server.db.selectFrom('notes').select('version').where('owner_id', '=', userIdOf(ann)).execute()
    expect(isSuccess(await send(server, attempt, `Bearer ${ann.accessToken}`))).toBe(true)
    expect(rows.length).toBeGreaterThan(0)
  },
)

test.concurrent.each([
  ['create a note', (person: Person) => person.ask('POST', '/notes', { body: { title: 'New', content: 'x' } })],
  [
    'create a note under a key',
    (person: Person, index: number) =>
      person.ask('POST', '/notes', {
        body: { title: 'New', content: 'x' },
        headers: { 'Idempotency-Key': `key-${index}` },
      }),
  ],
])('20 requests that %s while the changes of the account are locked leave connections to others', async (_, ask) => {
  await using server = await serverOfItsOwn()
  const [ann, bob] = [await enrol(server), await enrol(server)]
  await newNote(ann)
  await using locks = await holdLocks(server.db, lockCounter(ann))
  const requests = Promise.all(Array.from({ length: 20 }, (__, index) => ask(ann, index)))
  const most = mostWaiting(server.db, requests)
  expect((await newNote(bob)).id).not.toBe('')
  expect(await most).toBe(SHARE)
  expect(new Set((await requests).map(({ status }) => status))).toEqual(new Set([503]))
  await locks.release()
  expect((await ask(ann, 20)).status).toBe(201)
})

test.concurrent('tags of a locked note are renamed by one request at a time, and the others keep their connections', async () => {
  await using server = await serverOfItsOwn()
  const ann = await enrol(server)
  await newNote(ann, { tags: ['todo'] })
  await using held = await holdLocks(server.db, lockNotes(ann))
  const rename = () => ann.ask('POST', '/tags/rename', { body: { from: ['todo'], to: 'done' } })
  const requests = Promise.all(Array.from({ length: 8 }, rename))
  expect(await mostWaiting(server.db, requests)).toBe(1)
  expect(new Set((await requests).map(({ status }) => status))).toEqual(new Set([503]))
  await held.release()
  expect((await rename()).body).toMatchObject({ changed: 1 })
})

test.concurrent('requests with a key that another server works on ask for it one at a time', async () => {
  await using server = await serverOfItsOwn()
  const ann = await enrol(server)
  const name = JSON.stringify([userIdOf(ann), 'createNote', 'one'])
  await using held = await holdLocks(server.db, (db) =>
    sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(db),
  )
  const before = await transactions(server.db)
  const create = () =>
    ann.ask('POST', '/notes', { body: { title: 'a', content: 'b' }, headers: { 'Idempotency-Key': 'one' } })
  const answers = await Promise.all(Array.from({ length: 20 }, create))
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([409]))
  // One asks every 40 ms; twenty did so, each with a transaction, which is 1 000 in two seconds.
  expect((await transactions(server.db)) - before).toBeLessThan(300)
  await held.release()
  expect((await create()).status).toBe(201)
})

async function transactions(db: Database): Promise<number> {
  await sql`select pg_stat_clear_snapshot()`.execute(db)
  const { rows } = await sql<{ count: string }>`
    select xact_commit + xact_rollback as count from pg_stat_database where datname = current_database()`.execute(db)
  return Number(rows[0]?.count)
}
