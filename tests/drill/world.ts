import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { type EmbeddedPostgres, startEmbedded } from '../../src/db/embedded/embedded.ts'
import { clusterIn } from '../../src/db/embedded/data-dir.ts'
import {
  databaseEnv,
  freePort,
  repliesWith,
  serve,
  type ServerProcess,
  temporaryDirectory,
} from '../support/process.ts'
import { openProxy, type Proxy } from '../support/proxy.ts'
import { backAfter, judge, type Verdict } from './judge.ts'
import { startTraffic, type Traffic } from './traffic.ts'
import { findings } from './row.ts'

/** A PostgreSQL that writes to disk as in production, reached through a proxy that fails when it is told to. */
export interface Database {
  readonly connection: EmbeddedPostgres['connection']
  readonly proxy: Proxy
  readonly env: Readonly<Record<string, string>>
  readonly query: (statement: string) => Promise<Record<string, unknown>[]>
  readonly postmaster: () => number
  readonly stop: () => Promise<void>
}

export async function openDatabase(dataDir = temporaryDirectory()): Promise<Database> {
  const embedded = await startEmbedded({ dataDir })
  const { connection } = embedded
  const proxy = await openProxy(connection)
  return {
    connection,
    proxy,
    env: databaseEnv({ ...connection, port: proxy.port }),
    query: async (statement) => {
      const client = new Client(connection)
      await client.connect()
      try {
        return (await client.query<Record<string, unknown>>(statement)).rows
      } finally {
        await client.end()
      }
    },
    postmaster: () => postmasterOf(dataDir),
    stop: async () => {
      await proxy.close()
      await embedded.stop()
    },
  }
}

export function postmasterOf(dataDir: string): number {
  return Number.parseInt(readFileSync(join(clusterIn(dataDir), 'postmaster.pid'), 'utf8'), 10)
}

/** A server whose port stays the same when it is started again. */
export async function startServer(env: Readonly<Record<string, string>>): Promise<ServerProcess> {
  return serve({ LOG_LEVEL: 'warn', PORT: String(await freePort()), ...env })
}

export const isHealthy = (server: Pick<ServerProcess, 'url'>): Promise<boolean> =>
  repliesWith(`${server.url}/health`, 200)

interface Course {
  readonly server: ServerProcess
  /** Where PostgreSQL is read at the end. */
  readonly database: ConstructorParameters<typeof Client>[0]
  /** Causes the fault, and resolves when its cause is removed, with the time since which the server has to recover. */
  readonly cause: (traffic: Traffic) => Promise<number>
  /** Milliseconds until 99 % of the requests have to be good again. */
  readonly backWithin: number
  /** Results that may occur beside 2xx, 4xx and 503. */
  readonly allowed?: readonly string[]
}

/** Fifty requests a second before, during and after a fault, and what became of them and of the notes. */
export async function underTraffic({ server, database, cause, backWithin, allowed = [] }: Course) {
  const { broken, expect } = findings()
  const traffic = await startTraffic(server)
  await delay(3_000)
  const healed = await cause(traffic)
  await delay(Math.max(0, healed + backWithin - performance.now()) + WATCHED_MS)
  await traffic.end()
  const back = backAfter(traffic.outcomes, healed)
  const verdict = await judge(traffic, { url: server.url, database: database as object })
  expect(back !== undefined && back <= backWithin, `99 % good again within ${seconds(backWithin)}`)
  expect(server.child.exitCode === null, 'the process lives')
  for (const problem of problemsOf(verdict, allowed)) expect(false, problem)
  const text = back === undefined ? 'not back' : `back after ${seconds(back)}`
  return { traffic, verdict, broken, expect, measured: [text] }
}
/** How long the requests after the recovery are watched. */
const WATCHED_MS = 6_000

/** What may not have occurred, whatever the fault was. */
export function problemsOf({ results, slowest, lost, duplicated }: Verdict, allowed: readonly string[] = []): string[] {
  const isAllowed = (result: string): boolean => /^(?:[24]\d\d|503)$/.test(result) || allowed.includes(result)
  const others = [...results].filter(([result]) => !isAllowed(result))
  return [
    ...others.map(([result, count]) => `${count} requests: ${result}`),
    ...(slowest > LONGEST_MS ? [`a request took ${seconds(slowest)}`] : []),
    ...(lost > 0 ? [`${lost} acknowledged writes are lost`] : []),
    ...(duplicated > 0 ? [`${duplicated} notes are there twice`] : []),
  ]
}
const LONGEST_MS = 5_000

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`
}
