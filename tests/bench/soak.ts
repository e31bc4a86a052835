/**
 * Whether anything grows: `node tests/bench/soak.ts [minutes]` (20). Two workers and Redis, at half of the most that they
 * can answer: notes are read, listed, created, changed, deleted and purged; sessions begin and end; event streams are
 * followed. Prints for each minute the memory of all processes, their open files, the delay of the event loop and the
 * replies, then what memory grew in an hour by the second half. Exits with 1 if something grows or a request fails.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { clusterIn } from '../../src/db/embedded/data-dir.ts'
import { ask, form, logIn } from '../support/people.ts'
import { print } from '../support/print.ts'
import { cleanUp, freePort } from '../support/process.ts'
import { startRedis } from '../support/redis.ts'
import { startNotesApi, urlOf } from './contenders.ts'
import { openBenchDatabase } from './database.ts'
import { quantile } from './figures.ts'
import { type Call, type Reply, runLoad } from './load.ts'
import { type Account, fillAccounts } from './mix.ts'
import { type OpenLoad, runOpenLoad } from './open-load.ts'
import { noteBody } from './operations.ts'

const { positionals } = parseArgs({ allowPositionals: true })
const MINUTES = Number(positionals[0] ?? 20)
const STREAMS = 2
/** What may grow by chance: memory in a tenth of the time, files, and the delay of the event loop. */
const MAY_GROW = { memory: 0.1, files: 20, delay: 2 }

const database = await openBenchDatabase()
const redis = await startRedis()
const metricsPort = await freePort()
const server = await startNotesApi(urlOf(database.connection, 'notes'), undefined, {
  env: {
    WORKERS: '2',
    METRICS_PORT: String(metricsPort),
    REDIS_URL: redis.url,
    RATE_LIMITS: 'on',
    RATE_LIMIT_USER: '1000000',
    RATE_LIMIT_ADDRESS: '1000000',
    ACCESS_TOKEN_TTL: '10m',
  },
})
const place = { url: `http://127.0.0.1:${server.port}` }
try {
  const accounts = await fillAccounts(server)
  const peak = await measurePeak(accounts)
  print(
    `the most: ${peak.toFixed(0)} requests/s; ${(peak / 2).toFixed(0)} from now on, with ${accounts.length * STREAMS} streams\n`,
  )
  print('minute   memory MiB (each process)      files   loop p99 ms   requests   p50 ms   p99 ms   replies')
  const samples: Sample[] = []
  const mix = lifeOf(accounts)
  for (let minute = 1; minute <= MINUTES; minute += 1) {
    await renew(accounts)
    const streams = accounts.flatMap(({ token }) => Array.from({ length: STREAMS }, () => follow(token)))
    const load = await runOpenLoad(server.port, { rate: peak / 2, seconds: 60, ...mix })
    for (const { close } of streams) close()
    const sample = { ...look(server.pid), delay: await loopDelay(), load }
    samples.push(sample)
    print(row(minute, sample))
  }
  conclude(samples)
  const postmaster = Number.parseInt(readFileSync(join(clusterIn(database.dataDir), 'postmaster.pid'), 'utf8'), 10)
  print(`PostgreSQL has ${total(familyOf(postmaster).map(memoryOf)).toFixed(0)} MiB`)
} finally {
  await server.stop()
  await redis.kill()
  await database.close()
  await cleanUp()
}

interface Sample {
  /** MiB of each process, the shared parts divided between them. */
  readonly memory: readonly number[]
  readonly files: number
  /** Milliseconds. */
  readonly delay: number
  readonly load: OpenLoad
}

async function measurePeak(accounts: readonly Account[]): Promise<number> {
  const { next } = lifeOf(accounts)
  const lanes = Array.from({ length: 32 }, () => ({ next, check: () => undefined }))
  await runLoad(server.port, lanes, 10)
  const { requests, seconds } = await runLoad(server.port, lanes, 15)
  return requests / seconds
}

/** Half of the requests read; the others create a note, change it, delete it and purge it. */
function lifeOf(accounts: readonly Account[]) {
  const waiting: Record<'PATCH' | 'DELETE' | 'PURGE', { id: string; account: Account }[]> = {
    PATCH: [],
    DELETE: [],
    PURGE: [],
  }
  const sent = new WeakMap<Call, { kind: string; account: Account }>()
  let turn = 0
  const make = (kind: string, account: Account): Call => {
    const headers = { Authorization: `Bearer ${account.token}` }
    if (kind === 'POST') return { method: 'POST', path: '/notes', headers, body: noteBody(turn) }
    if (kind === 'LIST') return { method: 'GET', path: '/notes?limit=20', headers }
    return { method: 'GET', path: `/notes/${account.noteIds[turn % account.noteIds.length] ?? ''}`, headers }
  }
  const steps = [
    'LIST',
    'GET',
    'POST',
    'PATCH',
    'GET',
    'DELETE',
    'GET',
    'POST',
    'PATCH',
    'PURGE',
    'DELETE',
    'PURGE',
    'GET',
    'GET',
  ] as const
  const next = (): Call => {
    turn += 1
    const account = accounts[turn % accounts.length]
    const kind = steps[turn % steps.length] ?? 'GET'
    if (account === undefined) throw new Error('There are no accounts')
    const known = kind === 'PATCH' || kind === 'DELETE' || kind === 'PURGE' ? waiting[kind].shift() : undefined
    const call =
      known === undefined ? make(kind === 'POST' || kind === 'LIST' ? kind : 'GET', account) : step(kind, known)
    sent.set(call, { kind: known === undefined && kind !== 'POST' ? 'GET' : kind, account: known?.account ?? account })
    return call
  }
  const onReply = (call: Call, { status, body }: Reply): void => {
    const { kind, account } = sent.get(call) ?? {}
    if (account === undefined || status >= 300) return
    const id = call.path.split('/').at(-1) ?? ''
    if (kind === 'POST') waiting.PATCH.push({ id: (JSON.parse(body.toString()) as { id: string }).id, account })
    if (kind === 'PATCH') waiting.DELETE.push({ id, account })
    if (kind === 'DELETE') waiting.PURGE.push({ id, account })
  }
  return { next, onReply }
}

function step(kind: string, { id, account: { token } }: { readonly id: string; readonly account: Account }): Call {
  const headers = { Authorization: `Bearer ${token}` }
  if (kind === 'PATCH') return { method: 'PATCH', path: `/notes/${id}`, headers, body: { title: 'Changed' } }
  return { method: 'DELETE', path: kind === 'PURGE' ? `/trash/${id}` : `/notes/${id}`, headers }
}

/** Each account logs out and in again. */
async function renew(accounts: readonly Account[]): Promise<void> {
  for (const account of accounts) {
    const { accessToken, refreshToken } = await logIn(place, account.email, account.password)
    const last = account.refreshToken
    account.token = accessToken
    account.refreshToken = refreshToken
    if (last !== undefined) await ask(place, 'POST', '/auth/revoke', form({ token: last }))
  }
}

/** Reads an event stream and keeps nothing of it. */
function follow(token: string): { readonly close: () => void } {
  const over = new AbortController()
  const headers = { Authorization: `Bearer ${token}` }
  const reading = async (): Promise<void> => {
    const { body } = await fetch(`${place.url}/changes/stream`, { headers, signal: over.signal })
    for await (const chunk of body ?? []) void chunk
  }
  reading().catch(() => undefined)
  return { close: () => over.abort() }
}

function familyOf(pid: number): number[] {
  return [pid, ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)]
}

function look(pid: number): Pick<Sample, 'memory' | 'files'> {
  const all = familyOf(pid)
  return {
    memory: all.map(memoryOf),
    files: all.reduce((sum, one) => sum + readdirSync(`/proc/${one}/fd`).length, 0),
  }
}

/** MiB, the parts that it shares with others divided between them. */
function memoryOf(pid: number): number {
  return Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) / 1_024
}

/** Milliseconds, since the last scrape. */
async function loopDelay(): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${metricsPort}/metrics`)).text()
  return Number(/^notes_api_event_loop_delay_seconds\{quantile="0\.99"\} (\S+)/m.exec(text)?.[1]) * 1_000
}

function row(minute: number, { memory, files, delay, load }: Sample): string {
  const times = [...load.latencies.values()].flat()
  const each = `${total(memory).toFixed(0)} (${memory.map((one) => one.toFixed(0)).join(', ')})`
  const replies = [...load.statuses].toSorted(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`)
  const cells = [
    files,
    delay.toFixed(1),
    times.length,
    quantile(times, 0.5).toFixed(1),
    quantile(times, 0.99).toFixed(1),
  ]
  const [filesCell, ...others] = cells.map(String)
  return (
    `${String(minute).padStart(6)}   ${each.padEnd(30)} ${(filesCell ?? '').padStart(5)}` +
    `${others.map((cell, index) => cell.padStart([14, 11, 9, 9][index] ?? 9)).join('')}   ${replies.join(', ')}`
  )
}

function conclude(samples: readonly Sample[]): void {
  const half = samples.slice(Math.floor(samples.length / 2))
  const memory = half.map((sample) => total(sample.memory))
  const perMinute = slope(memory)
  const mean = total(memory) / memory.length
  const early = quantile(
    samples.slice(1, Math.ceil(samples.length / 2)).map(({ delay }) => delay),
    0.5,
  )
  const late = quantile(
    half.map(({ delay }) => delay),
    0.5,
  )
  const files = (half.at(-1)?.files ?? 0) - (samples.at(1)?.files ?? 0)
  print(
    `\nmemory ${(perMinute * 60).toFixed(0)} MiB an hour at ${mean.toFixed(0)} MiB (second half); files ${files}; ` +
      `event loop p99 ${early.toFixed(1)} ms before, ${late.toFixed(1)} ms after`,
  )
  const statuses = new Set(samples.flatMap(({ load }) => [...load.statuses.keys()]))
  const broken = [
    ...(perMinute * half.length > MAY_GROW.memory * mean ? ['memory grows'] : []),
    ...(files > MAY_GROW.files ? ['open files grow'] : []),
    ...(late > MAY_GROW.delay * early ? ['the event loop gets later'] : []),
    ...([...statuses].some((status) => status < 200 || status >= 300) ? ['requests failed'] : []),
  ]
  for (const what of broken) print(`BROKEN  ${what}`)
  if (broken.length > 0) process.exitCode = 1
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0)
}

/** By least squares, per step. */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2
  const mean = total(values) / values.length
  const over = total(values.map((value, index) => (index - middle) * (value - mean)))
  return over / total(values.map((_, index) => (index - middle) ** 2))
}
