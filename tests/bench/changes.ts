/**
 * `node tests/bench/changes.ts [EVENTS]`: whether readers of the change log miss anything while 16 writers overlap, and
 * their process is killed once. Prints how many changes were recorded, how many notes a reader has in another state than
 * the server, how many places were left out, and how many changes were acknowledged.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type Connection, createDatabase } from '../../src/db/database.ts'
import { countPlaces, differences, followNotices, followPages, keepPlaces, truth } from '../changes/readers.ts'
import { newOwner, runWriter } from '../changes/writers.ts'
import { print } from '../support/print.ts'
import { openBenchDatabase } from './database.ts'

const WRITERS = 16
const OWNERS = 20
/** Between two looks at whether it is time to stop. */
const TRANSACTIONS = 10

interface Work {
  readonly connection: Connection
  readonly owners: readonly string[]
  readonly seed: number
}

const [argument = '50000', work] = process.argv.slice(2)
await (argument === 'write' && work !== undefined ? write(JSON.parse(work) as Work) : measure(Number(argument)))

const onCommit = (changes: number): void => print(String(changes))

/** The process of the writers: prints the number of changes of each transaction after its COMMIT. */
async function write({ connection, owners, seed }: Work): Promise<void> {
  const db = createDatabase({ connection, poolSize: WRITERS, onIdleError: () => undefined })
  const stop = new AbortController()
  process.stdin.once('end', () => stop.abort()).resume()
  const writer = async (_: unknown, index: number): Promise<void> => {
    for (let turn = 0; !stop.signal.aborted; turn += 1) {
      const ownSeed = seed * 1_000_000 + index * 10_000 + turn
      await runWriter(db, { owners, seed: ownSeed, transactions: TRANSACTIONS, onCommit })
    }
  }
  await Promise.all(Array.from({ length: WRITERS }, writer))
  await db.destroy()
}

async function measure(events: number): Promise<void> {
  const { connection, close } = await openBenchDatabase()
  const db = createDatabase({ connection, poolSize: 8, onIdleError: () => undefined })
  await keepPlaces(db)
  const owners = await Promise.all(Array.from({ length: OWNERS }, () => newOwner(db)))
  const pages = owners.map((ownerId) => followPages(db, ownerId, 100))
  const notices = followNotices(db, owners, 100)
  const start = performance.now()

  const killed = startWriters({ connection, owners, seed: 1 })
  const acknowledgedFirst = await killed.reached(events / 2)
  killed.child.kill('SIGKILL')
  const first = await killed.ended
  const others = startWriters({ connection, owners, seed: 2 })
  await others.reached(events - acknowledgedFirst)
  others.child.stdin.end()
  const acknowledged = first + (await others.ended)

  const copies = await Promise.all(pages.map((reader) => reader.finish()))
  const lostByPages = await Promise.all(
    copies.map(async (copy, index) => differences(copy, await truth(db, [owners[index] ?? '']))),
  )
  const lostByNotices = differences(await notices.finish(), await truth(db, owners))
  const seconds = (performance.now() - start) / 1_000
  const { recorded, gaps } = await countPlaces(db)
  const lost = lostByPages.reduce((sum, count) => sum + count, lostByNotices)
  print(`${recorded} changes by ${WRITERS} writers for ${OWNERS} owners in ${seconds.toFixed(1)} s, one process killed`)
  print(`lost to a reader: ${lost}; places left out: ${gaps}`)
  print(`acknowledged: ${acknowledged}; committed but not acknowledged: ${recorded - acknowledged}`)
  await db.destroy()
  await close()
  if (lost !== 0 || gaps !== 0 || recorded < acknowledged) process.exitCode = 1
}

function startWriters(given: Work) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), 'write', JSON.stringify(given)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let acknowledged = 0
  let wanted = Number.POSITIVE_INFINITY
  const { promise: isReached, resolve } = Promise.withResolvers<number>()
  const lines = createInterface({ input: child.stdout })
  lines.on('line', (line) => {
    acknowledged += Number(line)
    if (acknowledged >= wanted) resolve(acknowledged)
  })
  return {
    child,
    reached: (count: number): Promise<number> => {
      wanted = count
      return isReached
    },
    /** How many changes were acknowledged in all, once the process has ended. */
    ended: Promise.all([once(child, 'exit'), once(lines, 'close')]).then(() => acknowledged),
  }
}
