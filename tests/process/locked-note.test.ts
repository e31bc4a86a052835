import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { newNote } from '../notes/new-note.ts'
import { createTestDatabase, type TestDatabase } from '../support/database.ts'
import { holdLocks } from '../support/locks.ts'
import { type Answer, register } from '../support/people.ts'
import { cleanUp, databaseEnv, serve, type ServerProcess } from '../support/process.ts'
import { openProxy, type Proxy } from '../support/proxy.ts'

let database: TestDatabase
let proxy: Proxy
let server: ServerProcess

beforeAll(async () => {
  database = await createTestDatabase()
  proxy = await openProxy(database.connection)
  server = await serve(databaseEnv({ ...database.connection, port: proxy.port }))
})
afterAll(async () => {
  await cleanUp()
  await proxy.close()
  await database.drop()
})

test('20 changes a second of a locked note: for everybody else, 99 of 100 requests take less than 300 ms', async () => {
  const [ann, bob] = [await register(server), await register(server)]
  const [locked, free] = [await newNote(ann), await newNote(bob)]
  const lock = await holdLocks(database.db, (db) =>
    db.selectFrom('notes').select('id').where('id', '=', locked.id).forUpdate().execute(),
  )
  const refused: Promise<Answer>[] = []
  const timer = setInterval(() => refused.push(ann.ask('PATCH', locked.path, { body: { title: 'x' } })), 50)
  const times: number[] = []
  try {
    for (let count = 0; count < 100; count += 1) {
      const began = performance.now()
      const title = `No. ${count}`
      const { status } = await (count % 2 === 0
        ? bob.ask('GET', free.path)
        : bob.ask('PATCH', free.path, { body: { title } }))
      times.push(performance.now() - began)
      expect(status).toBe(200)
      await delay(25)
    }
  } finally {
    clearInterval(timer)
  }
  const answers = await Promise.all(refused)
  expect(answers.length).toBeGreaterThan(40)
  expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([503]))
  expect(new Set(answers.map(({ headers }) => headers.get('retry-after')))).toEqual(new Set(['2']))
  expect(times.toSorted((a, b) => a - b)[98]).toBeLessThan(300)
  await lock.release()
  expect((await ann.ask('PATCH', locked.path, { body: { title: 'x' } })).status).toBe(200)
})
