/**
 * Promise A4: `node tests/bench/login-flood.ts [seconds]`. 50 connections guess passwords as fast as they can, each
 * for its own account, beside a reader (20 notes a second), a poll of /health/live (10 a second) and a login from
 * another address with the right password (2 a second). The flood has its own process, so that its work does not count
 * as delay. Three runs: as shipped; without the limit on failed logins, so that every guess reaches the gate; and
 * without the gate. Not a test: machines differ; compare within one run.
 */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { Agent } from 'node:http'
import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { openBenchDatabase } from './database.ts'
import { print } from '../support/print.ts'
import { quantile } from './figures.ts'
import { type BenchServer, type Guards, logIn, register, sample, startBenchServer } from './login-server.ts'

const CONNECTIONS = 50
const PASSWORD = 'one long walk by the sea'
const [, , first = '10', floodUrl, floodSeconds] = process.argv

if (first === 'flood') await flood(floodUrl ?? '', Number(floodSeconds))
else await compare(Math.min(60, Number(first)))

async function compare(seconds: number): Promise<void> {
  print(`${availableParallelism()} cores, ${CONNECTIONS} login connections, ${seconds} s each; milliseconds`)
  const database = await openBenchDatabase()
  try {
    const agent = new Agent({ keepAlive: true })
    const setup = await startBenchServer(database.connection, 'none')
    for (let index = 0; index < CONNECTIONS; index += 1) await register(setup.url, agent, victim(index), PASSWORD)
    await setup.stop()
    for (const guards of ['shipped', 'gate only', 'none'] satisfies Guards[]) {
      const server = await startBenchServer(database.connection, guards)
      try {
        await measure(server, guards, seconds)
      } finally {
        await server.stop()
        await database.db.deleteFrom('login_failures').execute()
      }
    }
  } finally {
    await database.close()
  }
}

async function measure(server: BenchServer, guards: Guards, seconds: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 64, localAddress: '127.0.0.2' })
  const owner = `${crypto.randomUUID()}@example.com`
  await register(server.url, agent, owner, PASSWORD)
  const token = JSON.parse((await logIn(server.url, agent, owner, PASSWORD)).text) as { access_token: string }
  const headers = { Authorization: `Bearer ${token.access_token}`, 'Content-Type': 'application/json' }
  const body = JSON.stringify({ title: 'Read during a flood', content: 'x'.repeat(1_000) })
  const note = JSON.parse((await sample(`${server.url}/notes`, { agent, method: 'POST', headers, body })).text) as {
    id: string
  }
  const read = () =>
    sample(`${server.url}/notes/${note.id}`, { agent, headers: { Authorization: headers.Authorization } })
  const live = () => sample(`${server.url}/health/live`, { agent })
  const ownersLogin = () => logIn(server.url, agent, owner, PASSWORD)

  for (const [phase, isFlood] of [
    ['quiet', false],
    ['flood', true],
  ] as const) {
    const child = isFlood ? fork(import.meta.filename, ['flood', server.url, String(seconds + 1)]) : undefined
    const result = child === undefined ? undefined : once(child, 'message')
    if (isFlood) await delay(500)
    const before = server.peakMemory()
    const paced = await Promise.all([
      pace(read, 20, seconds),
      pace(live, 10, seconds),
      isFlood ? pace(ownersLogin, 2, seconds) : [],
    ])
    const [reads, lives, logins] = paced
    print(
      `${guards}, ${phase}: read ${figures(reads)}; live ${figures(lives)}` +
        (isFlood ? `; owner's login ${figures(logins)}` : ''),
    )
    const [replies] = (await result) ?? []
    if (isFlood) {
      print(
        `  replies to guesses: ${JSON.stringify(replies)}; ` +
          `memory ${before.toFixed(0)} → at most ${server.peakMemory().toFixed(0)} MiB`,
      )
    }
  }
  agent.destroy()
}

/** Sends requests at a steady pace, whether the last reply has arrived or not, as independent clients do. */
async function pace<T>(ask: () => Promise<T>, perSecond: number, seconds: number): Promise<T[]> {
  const started = performance.now()
  const asked: Promise<T>[] = []
  for (let index = 0; index < perSecond * seconds; index += 1) {
    await delay(Math.max(0, started + (index * 1_000) / perSecond - performance.now()))
    asked.push(ask())
  }
  return Promise.all(asked)
}

function figures(samples: readonly { status: number; ms: number }[]): string {
  const good = samples.filter(({ status }) => status === 200)
  const times = good.map(({ ms }) => ms)
  const [p50, p99, max] = [quantile(times, 0.5), quantile(times, 0.99), Math.max(...times)].map((ms) => ms.toFixed(1))
  return `${good.length}/${samples.length} good, p50 ${p50}, p99 ${p99}, max ${max}`
}

function victim(index: number): string {
  return `victim-${index}@example.com`
}

/** Reports the number of replies by status to its parent. */
async function flood(url: string, seconds: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS })
  const end = performance.now() + seconds * 1_000
  const counts: Record<number, number> = {}
  const guess = async (index: number): Promise<void> => {
    while (performance.now() < end) {
      const { status } = await logIn(url, agent, victim(index), `wrong-${Math.random()}`)
      counts[status] = (counts[status] ?? 0) + 1
    }
  }
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => guess(index)))
  process.send?.(counts)
  agent.destroy()
  process.disconnect?.()
}
