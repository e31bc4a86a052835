import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, expect, test } from 'vitest'
import { useDatabase, useServer } from '../support/fixtures.ts'
import { enrol } from '../support/people.ts'
import { cleanUp, temporaryDirectory } from '../support/process.ts'
import { backUp, configOf, contentsOf, restore } from './contents.ts'

const database = useDatabase()
const server = useServer(() => ({ db: database.db, isRecorded: false }))
afterAll(cleanUp)

/** After this time the pool closes connections that nobody uses. */
const IDLE_MS = 30_000

test('a server that nobody uses is seen by a restore too', { timeout: IDLE_MS + 20_000 }, async () => {
  const file = join(temporaryDirectory(), 'backup')
  await enrol(server)
  await backUp(database.connection, file)
  const before = await contentsOf(database.connection)
  await delay(IDLE_MS + 2_000)
  await expect(restore(file, configOf(database.connection), true)).rejects.toThrow(/a server is running/)
  expect(await contentsOf(database.connection)).toEqual(before)
})
