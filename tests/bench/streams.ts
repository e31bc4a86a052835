/**
 * What open event streams cost: `node tests/bench/streams.ts [accounts] [seconds]`. Each account opens 10 streams, of one
 * server in a process of its own. Then, in turn: nothing happens; and notes are written, about ten a second. Prints the
 * memory and processor time that the streams add, and how long a change takes to reach each of its streams, from the
 * moment when it got its place in the log. Ends with 1 if a change is lost or comes twice, or if the streams cost more
 * than they may. No test: machines differ.
 */
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { parseEvent } from '../support/event-stream.ts'
import { type Person, register } from '../support/people.ts'
import { print } from '../support/print.ts'
import { startNotesApi, urlOf } from './contenders.ts'
import { cpuOf } from './cpu.ts'
import { openBenchDatabase } from './database.ts'
import { quantile } from './figures.ts'

const STREAMS = 10
const PAUSE_MS = 100
/** How long the last changes may take to arrive before they count as lost. */
const PATIENCE_MS = 5_000
/** What the streams may cost: 1 000 of them, which is what the default of `accounts` opens. */
const MAX_P99_MS = 500
const MAX_MIB = 60
const MAX_IDLE_CPU = 0.02
const [, , accounts = '100', seconds = '20'] = process.argv

interface Follower {
  readonly socket: Socket
  /** The places of the changes that have arrived. */
  readonly places: number[]
}

/** An account with its open streams. */
interface Account {
  readonly person: Person
  readonly followers: readonly Follower[]
  written: number
}

const database = await openBenchDatabase()
const server = await startNotesApi(urlOf(database.connection, 'notes'))
const url = `http://127.0.0.1:${server.port}`
/** Milliseconds from the place in the log to the arrival, of each event at each stream. */
const waits: number[] = []
try {
  const people: Person[] = []
  for (let count = 0; count < Number(accounts); count += 1) people.push(await register({ url }))
  await delay(5_000)
  const before = memory()
  const idle = await cpuWhile(() => delay(Number(seconds) * 1_000))
  const all: Account[] = []
  for (const person of people) {
    const followers: Follower[] = []
    for (let count = 0; count < STREAMS; count += 1) followers.push(await open(person))
    all.push({ person, followers, written: 0 })
  }
  await delay(2_000)
  print(`${all.length * STREAMS} streams of ${all.length} accounts`)
  const quiet = await cpuWhile(() => delay(Number(seconds) * 1_000))
  const after = memory()
  print(`memory: ${before.toFixed(0)} MiB without, ${after.toFixed(0)} MiB with streams`)
  print(
    `processor while nothing happens: ${(idle * 100).toFixed(1)} % without, ${(quiet * 100).toFixed(1)} % with streams`,
  )

  const busy = await cpuWhile(async () => {
    await write(all)
    const patience = performance.now() + PATIENCE_MS
    while (arrivals(all).lost > 0 && performance.now() < patience) await delay(PAUSE_MS)
  })
  const { expected, lost, repeated } = arrivals(all)
  const p99 = quantile(waits, 0.99)
  print(`${expected / STREAMS} notes written; processor meanwhile: ${(busy * 100).toFixed(1)} %`)
  print(`events expected: ${expected}, lost: ${lost}, repeated: ${repeated}; milliseconds from the place in the log:`)
  print(`p50 ${quantile(waits, 0.5).toFixed(0)}, p99 ${p99.toFixed(0)}, max ${Math.max(...waits)}`)
  for (const { socket } of all.flatMap(({ followers }) => followers)) socket.destroy()

  demand(expected > 0, 'no note was written')
  demand(lost === 0 && repeated === 0, 'changes were lost or came twice')
  demand(p99 <= MAX_P99_MS, `p99 is above ${MAX_P99_MS} ms`)
  demand(after - before <= MAX_MIB, `the streams take more than ${MAX_MIB} MiB`)
  demand(quiet <= MAX_IDLE_CPU, `the idle streams take more than ${MAX_IDLE_CPU * 100} % of a processor`)
} finally {
  await server.stop()
  await database.close()
}

/** Not a number does not hold either. */
function demand(holds: boolean, otherwise: string): void {
  if (holds) return
  print(`FAILED: ${otherwise}`)
  process.exitCode = 1
}

/** Writes notes of all accounts in turn. */
async function write(all: readonly Account[]): Promise<void> {
  const until = performance.now() + Number(seconds) * 1_000
  for (let turn = 0; performance.now() < until; turn += 1) {
    const account = all[turn % all.length]
    const answer = await account?.person.ask('POST', '/notes', { body: { title: 'A', content: 'x' } })
    if (account !== undefined && answer?.status === 201) account.written += 1
    await delay(PAUSE_MS)
  }
}

/** How many events there have to be at all streams, and how many of them are not there or are there again. */
function arrivals(all: readonly Account[]) {
  let [expected, lost, repeated] = [0, 0, 0]
  for (const { written, followers } of all) {
    for (const { places } of followers) {
      const different = new Set(places)
      expected += written
      for (let place = 1; place <= written; place += 1) lost += different.has(place) ? 0 : 1
      repeated += places.length - different.size
    }
  }
  return { expected, lost, repeated }
}

/** Resolves when the stream is ready; takes what comes afterwards. */
function open({ accessToken }: Person): Promise<Follower> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1')
    const follower: Follower = { socket, places: [] }
    let text = ''
    socket.once('error', reject)
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      // The sizes of the HTTP chunks are lines of their own, which are no fields.
      const blocks = (text + chunk).split('\n\n')
      text = blocks.pop() ?? ''
      for (const { event, data } of blocks.flatMap(parseEvent)) {
        if (event === 'ready') resolve(follower)
        if (event === 'change') arrived(follower, data as { seq: number; at: string })
      }
    })
    socket.write(
      `GET /changes/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${accessToken}\r\nAccept: */*\r\n\r\n`,
    )
  })
}

function arrived({ places }: Follower, { seq, at }: { readonly seq: number; readonly at: string }): void {
  places.push(seq)
  waits.push(Date.now() - Date.parse(at))
}

/** Resident memory of the server, in MiB. */
function memory(): number {
  const [, kib = '0'] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${server.pid}/status`, 'utf8')) ?? []
  return Number(kib) / 1_024
}

/** The share of one processor that the server takes meanwhile. */
async function cpuWhile(work: () => Promise<unknown>): Promise<number> {
  const [started, before] = [performance.now(), cpuOf(server.pid) ?? Number.NaN]
  await work()
  return ((cpuOf(server.pid) ?? Number.NaN) - before) / ((performance.now() - started) / 1_000)
}
