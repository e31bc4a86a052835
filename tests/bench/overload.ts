/**
 * What becomes of a server that is asked for more than it can do: `node tests/bench/overload.ts`. The server and its
 * PostgreSQL have the first core, the clients the second. In turn: the most that it can answer; 256 connections; a pool of
 * two; three times the most for a minute, and how soon it is as before; 500 slow clients for a minute. Exits with 1 if
 * a promise does not hold. `--seconds 10` for a shorter trial. No test: machines differ, so it compares parts of one run.
 */
import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { clusterIn } from '../../src/db/embedded/data-dir.ts'
import { print } from '../support/print.ts'
import { type Contender, startNotesApi, urlOf } from './contenders.ts'
import { openBenchDatabase } from './database.ts'
import { quantile } from './figures.ts'
import { type Load, runLoad } from './load.ts'
import { type OpenLoad, runOpenLoad } from './open-load.ts'
import { fillAccounts, mixOf } from './mix.ts'
import type { Client } from './operations.ts'
import { openSlowClients } from './slow-clients.ts'

const SLOW = 500
const { values } = parseArgs({ options: { seconds: { type: 'string', default: '60' } } })
const SECONDS = Number(values.seconds)
const broken: string[] = []
const directory = mkdtempSync(join(tmpdir(), 'notes-overload-'))
const timesFile = join(directory, 'times')
let running: Contender | undefined

const database = await openBenchDatabase()
const postgres = Number(readFileSync(join(clusterIn(database.dataDir), 'postmaster.pid'), 'utf8').split('\n')[0])
execFileSync('taskset', ['-acp', '0', String(postgres)])
execFileSync('taskset', ['-acp', '1', String(process.pid)])
try {
  const server = await start()
  const clients = await fillAccounts(server)
  const peak = await measurePeak(server, clients)
  await measureConnections(server, clients)
  await measureOverload(server, clients, peak)
  await measureSlowClients(server, clients, peak)
  await server.stop()
  await measureSmallPool(clients)
} finally {
  await running?.stop()
  await database.close()
  rmSync(directory, { recursive: true })
}
for (const what of broken) print(`BROKEN  ${what}`)
if (broken.length > 0) process.exitCode = 1

function expect(holds: boolean, what: string): void {
  if (!holds) broken.push(what)
}

async function start(env: Readonly<Record<string, string>> = {}): Promise<Contender> {
  running = await startNotesApi(urlOf(database.connection, 'notes'), undefined, {
    under: ['taskset', '-c', '0'],
    nodeArgs: ['--import', join(import.meta.dirname, 'time-refusals.ts')],
    env: { REFUSAL_TIMES: timesFile, ...env },
  })
  return running
}

/** Keeps so many connections busy; any reply but a success ends the bench. */
async function keepBusy({ port }: Contender, clients: readonly Client[], connections: number, seconds: number) {
  const next = mixOf(clients)
  const statuses = new Map<number, number>()
  const check = ({ status }: { readonly status: number }) => void statuses.set(status, (statuses.get(status) ?? 0) + 1)
  const load = await runLoad(
    port,
    Array.from({ length: connections }, () => ({ next, check })),
    seconds,
  )
  return { load, statuses }
}

function rateOf({ requests, seconds }: Load): number {
  return requests / seconds
}

function isAllGood(statuses: ReadonlyMap<number, number>): boolean {
  return [...statuses.keys()].every((status) => status < 300)
}

async function measurePeak(server: Contender, clients: readonly Client[]): Promise<number> {
  await keepBusy(server, clients, 32, 5)
  const { load } = await keepBusy(server, clients, 32, 15)
  const p99 = quantile(load.latencies, 0.99)
  print(`the most               ${rateOf(load).toFixed(0)} requests/s over 32 connections, p99 ${p99.toFixed(0)} ms`)
  return rateOf(load)
}

async function measureConnections(server: Contender, clients: readonly Client[]): Promise<void> {
  const few = await keepBusy(server, clients, 32, 10)
  const { load, statuses } = await keepBusy(server, clients, 256, 20)
  const share = rateOf(load) / rateOf(few.load)
  const p99 = quantile(load.latencies, 0.99)
  print(`256 connections        ${told(statuses)}; ${share.toFixed(2)} of the rate of 32, p99 ${p99.toFixed(0)} ms`)
  expect(isAllGood(statuses), '256 connections are all answered')
  expect(share >= 0.8, '256 connections get as much as 32')
}

async function measureOverload(server: Contender, clients: readonly Client[], peak: number): Promise<void> {
  const before = await probe(server, clients)
  readTimes(server)
  await delay(200)
  const watch = watchHealth(server)
  const load = await runOpenLoad(server.port, { rate: 3 * peak, seconds: SECONDS, next: mixOf(clients) })
  const since = performance.now()
  const health = watch.end()
  const back = await untilNormal(server, clients, before, since)
  const { refusals, loop } = await times(server)
  const good = goodOf(load)
  const goodput = good / load.seconds / peak
  print(
    `three times as many    ${told(load.statuses)}; ${load.unsent} not sent: all connections of the clients were busy`,
  )
  print(`  answered             ${(goodput * 100).toFixed(0)} % of the most; promised 70 %`)
  print(
    `  refusals in server   ${refusals.count}: p50 ${ms(refusals.p50)}, p99 ${ms(refusals.p99)}, max ${ms(refusals.max)}; ` +
      `${refusals.late} were begun first; ` +
      `event loop p99 ${ms(loop.p99)}, max ${ms(loop.max)}; promised 10 ms`,
  )
  const refused = load.latencies.get(503) ?? []
  print(`  refusals at client   p50 ${ms(quantile(refused, 0.5))}, p99 ${ms(quantile(refused, 0.99))}`)
  print(`  /health/live         p99 ${ms(quantile(health, 0.99))}`)
  print(
    `  as before            ${(back / 1_000).toFixed(1)} s after; promised 5 s. Memory at most ${peakMemory(server)} MiB`,
  )
  expect(goodput >= 0.7, 'goodput of 70 %')
  expect(refusals.p99 <= 10, 'refusals within 10 ms')
  expect(back <= 5_000, 'as before within 5 s')
  expect(
    [...load.statuses.keys()].every((status) => status < 300 || status === 503 || status === 0),
    'only 2xx and 503',
  )
}

async function measureSlowClients(server: Contender, clients: readonly Client[], peak: number): Promise<void> {
  const [first, ...others] = clients
  if (first === undefined) throw new Error('There are no clients')
  const good = () => ({ rate: peak / 4, next: mixOf(others) })
  const before = await runOpenLoad(server.port, { ...good(), seconds: SECONDS / 2 })
  const slow = openSlowClients(SLOW, { ...first, longPath: '/notes?limit=25' })
  await delay(2_000)
  const open = slow.open()
  const during = await runOpenLoad(server.port, { ...good(), seconds: SECONDS })
  const reconnected = slow.reconnected()
  slow.end()
  const after = await runOpenLoad(server.port, { ...good(), seconds: SECONDS / 2 })
  const [p99, alone] = [p99Of([during]), p99Of([before, after])]
  print(
    `500 slow clients       ${open} open, ${reconnected} came again; others ${told(during.statuses)}, ` +
      `p99 ${ms(p99)} instead of ${ms(alone)}: ${(p99 / alone).toFixed(2)}; promised 2`,
  )
  expect(p99 <= 2 * alone, "others' p99 within twice")
  expect(isAllGood(during.statuses), 'others are all answered')
}

async function measureSmallPool(clients: readonly Client[]): Promise<void> {
  const server = await start({ DATABASE_POOL_SIZE: '2' })
  const { load, statuses } = await keepBusy(server, clients, 64, 10)
  print(`a pool of 2            ${told(statuses)} over 64 connections, slowest ${ms(Math.max(...load.latencies))}`)
  expect(isAllGood(statuses), 'a pool of two serves 64 connections')
}

function goodOf({ statuses }: OpenLoad): number {
  return [...statuses].reduce((sum, [status, count]) => (status >= 200 && status < 300 ? sum + count : sum), 0)
}

function p99Of(loads: readonly OpenLoad[]): number {
  return quantile(
    loads.flatMap(({ latencies }) => [...latencies.values()].flat()),
    0.99,
  )
}

async function probe(server: Contender, clients: readonly Client[]): Promise<number> {
  const { latencies } = await runOpenLoad(server.port, { rate: 50, seconds: 4, next: mixOf(clients) })
  return quantile([...latencies.values()].flat(), 0.99)
}

/** Milliseconds since then until twenty requests in a row were good and as quick as before, or nearly so. */
async function untilNormal(
  server: Contender,
  clients: readonly Client[],
  before: number,
  since: number,
): Promise<number> {
  for (let quick = 0; quick < 20;) {
    const { latencies } = await runOpenLoad(server.port, { rate: 50, seconds: 0.02, next: mixOf(clients) })
    const [status = 0, [took = Infinity] = []] = [...latencies][0] ?? []
    quick = status < 300 && status > 0 && took < 2 * before ? quick + 1 : 0
    if (performance.now() - since > 60_000) return Infinity
  }
  return performance.now() - since
}

function watchHealth({ port }: Contender) {
  const seen: number[] = []
  const over = new AbortController()
  const going = (async () => {
    while (!over.signal.aborted) {
      const { latencies } = await runOpenLoad(port, {
        rate: 10,
        seconds: 0.1,
        next: () => ({ method: 'GET', path: '/health/live' }),
      })
      for (const [status, took] of latencies) seen.push(...(status === 200 ? took : took.map(() => Infinity)))
    }
  })()
  going.catch(() => over.abort())
  return {
    end: () => {
      over.abort()
      return seen
    },
  }
}

interface Times {
  readonly refusals: {
    readonly count: number
    readonly p50: number
    readonly p99: number
    readonly max: number
    /** Requests that were begun before they were refused. */
    readonly late: number
  }
  readonly loop: { readonly p99: number; readonly max: number }
}

function readTimes({ pid }: Contender): void {
  rmSync(timesFile, { force: true })
  process.kill(pid, 'SIGUSR2')
}

async function times(server: Contender): Promise<Times> {
  readTimes(server)
  while (!existsSync(timesFile)) await delay(50)
  await delay(100)
  return JSON.parse(readFileSync(timesFile, 'utf8')) as Times
}

function peakMemory({ pid }: Contender): number {
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024)
}

function told(statuses: ReadonlyMap<number, number>): string {
  return [...statuses]
    .toSorted(([a], [b]) => a - b)
    .map(([status, count]) => `${count} × ${status === 0 ? 'no reply' : status}`)
    .join(', ')
}

/** JSON has no NaN, which is the quantile of nothing. */
function ms(value: number | null): string {
  return value === null || Number.isNaN(value) ? 'none' : `${value.toFixed(1)} ms`
}
