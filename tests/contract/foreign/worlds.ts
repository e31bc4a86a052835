import { sql } from 'kysely'
import { readEpoch } from '../../../src/changes/core/epoch.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { enrol, person as at, type Person } from '../../support/people.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { allRows } from '../harness/database-rows.ts'
import { type Belongings, stock, stockALittle } from './belongings.ts'
import { type Known, knownIn } from './compare.ts'
import { type Cursors, readCursors } from './cursors.ts'
import { takeSnapshot } from './snapshot.ts'

/** A server, and those who use it. */
export interface World {
  readonly server: TestServer
  readonly stranger: Person
  readonly victim: Person
}

/** Two worlds in which the stranger has the same to the byte. The victim and all that is hers are in one of them. */
export interface Worlds {
  readonly peopled: World
  readonly empty: World
  readonly belongings: Belongings
  readonly cursors: Cursors
  /** Every row that the victim's being there has led to. */
  readonly victimRows: readonly string[]
  /** What there is before any trial. */
  readonly known: Known
  /** Makes both as they were at first. */
  readonly reset: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** A day: however slow the machine is, no token expires in one world before a request and not in the other. */
const LASTING_SECONDS = 86_400

export async function makeWorlds(): Promise<Worlds> {
  const origin = await createTestDatabase()
  const first = await serverOf(origin, false)
  const stranger = await enrol(first)
  const own = await stockALittle(stranger)
  await forgetAddresses(first)
  await first.stop()
  await origin.db.destroy()
  const databases = [
    await createTestDatabase({ copyOf: origin }),
    await createTestDatabase({ copyOf: origin }),
  ] as const
  await origin.drop()
  await shareEpoch(databases)

  const [server, other] = [await serverOf(databases[0], true), await serverOf(databases[1], false)]
  const victim = await enrol(server)
  const belongings = await stock(server, victim)
  const cursors = await readCursors({ stranger: at(server, stranger), own, victim, foreign: belongings.notes.public })
  await forgetAddresses(server)
  const [rows, emptyRows] = [await allRows(server.db), new Set(await allRows(other.db))]
  const restore = [await takeSnapshot(server.db), await takeSnapshot(other.db)]
  return {
    peopled: { server, stranger: at(server, stranger), victim },
    empty: { server: other, stranger: at(other, stranger), victim: at(other, victim) },
    belongings,
    cursors,
    victimRows: rows.filter((row) => !emptyRows.has(row)),
    known: knownIn(rows),
    reset: async () => void (await Promise.all(restore.map((bringBack) => bringBack()))),
    stop: async () => {
      await Promise.all([server.stop(), other.stop()])
      await Promise.all(databases.map(({ drop }) => drop()))
    },
  }
}

/** A copy of a database has an epoch of its own, which its cursors hold. */
async function shareEpoch(databases: readonly TestDatabase[]): Promise<void> {
  for (const { db } of databases) {
    await readEpoch(db)
    await sql`update change_epoch set epoch = '019a6f5f-0000-7000-8000-000000000000'`.execute(db)
  }
}

function serverOf({ db }: TestDatabase, isRecorded: boolean): Promise<TestServer> {
  return startServer({ db, isRecorded, accessTokenSeconds: LASTING_SECONDS, rateLimits: 'off' })
}

/** Both are at home elsewhere: failed logins from an address that the owner uses are counted otherwise, on purpose. */
async function forgetAddresses({ db }: TestServer): Promise<void> {
  await sql`delete from known_addresses`.execute(db)
}
