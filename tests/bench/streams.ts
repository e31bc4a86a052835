/**
 * What open event streams cost: `node tests/bench/streams.ts [accounts] [seconds]`. Each account opens 10 streams, of one
 * server in a process of its own. Then, in turn: nothing happens; and notes are written, about ten a second. Prints the
 * memory and processor time that the streams add, and how long a change takes to reach each of its streams, from the
 * moment when it got its place in the log. No test: machines differ.
 */
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { type Person, register } from '../support/people.ts'
import { startNotesApi, urlOf } from './contenders.ts'
import { cpuOf } from './cpu.ts'
import { openBenchDatabase } from './database.ts'
import { print, quantile } from './figures.ts'

const STREAMS = 10
const PAUSE_MS = 100
const [, , accounts = '100', seconds = '20'] = process.argv

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
  const streams: Socket[] = []
  for (const person of people) {
    for (let count = 0; count < STREAMS; count += 1) streams.push(await open(person))
  }
  await delay(2_000)
  print(`${streams.length} streams of ${people.length} accounts`)
  const quiet = await cpuWhile(() => delay(Number(seconds) * 1_000))
  print(`memory: ${before.toFixed(0)} MiB without, ${memory().toFixed(0)} MiB with streams`)
  print(
    `processor while nothing happens: ${(idle * 100).toFixed(1)} % without, ${(quiet * 100).toFixed(1)} % with streams`,
  )

  let written = 0
  const busy = await cpuWhile(async () => {
    const until = performance.now() + Number(seconds) * 1_000
    while (performance.now() < until) {
      const person = people[written % people.length]
      const { status } = (await person?.ask('POST', '/notes', { body: { title: 'A', content: 'x' } })) ?? { status: 0 }
      if (status === 201) written += 1
      await delay(PAUSE_MS)
    }
    await delay(1_000)
  })
  print(`${written} notes written; processor meanwhile: ${(busy * 100).toFixed(1)} %`)
  print(`${waits.length} of ${written * STREAMS} events arrived; milliseconds from the place in the log:`)
  print(`p50 ${quantile(waits, 0.5).toFixed(0)}, p99 ${quantile(waits, 0.99).toFixed(0)}, max ${Math.max(...waits)}`)
  for (const stream of streams) stream.destroy()
} finally {
  await server.stop()
  await database.close()
}

/** Resolves when the stream is ready; counts what comes afterwards. */
function open({ accessToken }: Person): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1')
    let text = ''
    socket.once('error', reject)
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      if (text.includes('event: ready\n')) resolve(socket)
      for (const [, moment = ''] of text.matchAll(/^event: change\n.*\ndata: .*"at":"([^"]+)"\}\n\n/gm)) {
        waits.push(Date.now() - Date.parse(moment))
      }
      if (text.endsWith('\n\n') || text.endsWith('\r\n')) text = ''
    })
    socket.write(
      `GET /changes/stream HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${accessToken}\r\nAccept: */*\r\n\r\n`,
    )
  })
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
