import { sql } from 'kysely'
import { enrol, person as at, type Person } from '../../support/people.ts'
import { createTestDatabase, type TestDatabase } from '../../support/database.ts'
import { startServer, type TestServer } from '../../support/server.ts'
import { allRows } from '../database-rows.ts'
import { type Belongings, stock, stockALittle } from './belongings.ts'
import { type Known, knownIn } from './compare.ts'
import { type Cursors, readCursors } from './cursors.ts'

/** A server, its database, and those who use it. */
export interface World {
  readonly server: TestServer
  readonly stranger: Person
  readonly victim: Person
}

/** Two worlds in which the stranger has the same to the byte. The victim, with all that is hers, is in one of them only. */
export interface Worlds {
  readonly peopled: World
  readonly empty: World
  readonly close: () => Promise<void>
}

export interface Stage {
  readonly belongings: Belongings
  readonly cursors: Cursors
  /** Every row that the victim's being there has led to. */
  readonly victimRows: readonly string[]
  readonly known: Known
  /** Both worlds as they were at first. */
  readonly open: () => Promise<Worlds>
  readonly drop: () => Promise<void>
}

/** Makes the two worlds, once for all operations; each then has copies of its own. */
export async function setStage(): Promise<Stage> {
  const empty = await createTestDatabase()
  const first = await startServer({ db: empty.db, isRecorded: false })
  const stranger = await enrol(first)
  const own = await stockALittle(stranger)
  await forgetAddresses(first)
  await first.stop()
  const emptyRows = new Set(await allRows(empty.db))
  await empty.db.destroy()

  const peopled = await createTestDatabase({ copyOf: empty })
  const second = await startServer({ db: peopled.db, isRecorded: false })
  const victim = await enrol(second)
  const belongings = await stock(second, victim)
  const cursors = await readCursors({ stranger: at(second, stranger), own, victim, foreign: belongings.notes.public })
  await forgetAddresses(second)
  await second.stop()
  const rows = await allRows(peopled.db)
  await peopled.db.destroy()

  const world = async (template: TestDatabase, isRecorded: boolean): Promise<World & { close: () => Promise<void> }> => {
    const database = await createTestDatabase({ copyOf: template })
    const server = await startServer({ db: database.db, isRecorded })
    const close = async (): Promise<void> => {
      await server.stop()
      await database.drop()
    }
    return { server, stranger: at(server, stranger), victim: at(server, victim), close }
  }
  return {
    belongings,
    cursors,
    victimRows: rows.filter((row) => !emptyRows.has(row)),
    known: knownIn(rows),
    open: async () => {
      const [withVictim, without] = await Promise.all([world(peopled, true), world(empty, false)])
      const close = async (): Promise<void> => void (await Promise.all([withVictim.close(), without.close()]))
      return { peopled: withVictim, empty: without, close }
    },
    drop: async () => {
      await peopled.drop()
      await empty.drop()
    },
  }
}

/** Both are at home elsewhere: failed logins from an address that the owner uses are counted otherwise, on purpose. */
async function forgetAddresses({ db }: TestServer): Promise<void> {
  await sql`delete from known_addresses`.execute(db)
}
