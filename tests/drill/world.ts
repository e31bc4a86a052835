import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client, type ClientConfig } from 'pg'
import { clusterIn } from '../../src/db/embedded/data-dir.ts'
import { type EmbeddedPostgres, startEmbedded } from '../../src/db/embedded/embedded.ts'
import {
  databaseEnv,
  freePort,
  repliesWith,
  serve,
  type ServerProcess,
  temporaryDirectory,
} from '../support/process.ts'
import { openProxy, type Proxy } from '../support/proxy.ts'
import { backAfter, goodShare, judge, type Verdict } from './judge.ts'
import { findings } from './row.ts'
import { startTraffic, type Traffic } from './traffic.ts'

/** A PostgreSQL that writes to disk as in production, reached through a proxy that fails when it is told to. */
export interface Database {
  readonly connection: EmbeddedPostgres['connection']
  readonly proxy: Proxy
  readonly env: Readonly<Record<string, string>>
  readonly query: (statement: string) => Promise<Record<string, unknown>[]>
  readonly postmaster: () => number
}

export async function withDatabase<T>(
  run: (database: Database) => Promise<T>,
  dataDir = temporaryDirectory(),
): Promise<T> {
  const embedded = await startEmbedded({ dataDir })
  const { connection } = embedded
  const proxy = await openProxy(connection)
  const query: Database['query'] = async (statement) => {
    const client = new Client(connection)
    await client.connect()
    try {
      return (await client.query<Record<string, unknown>>(statement)).rows
    } finally {
      await client.end()
    }
  }
  const env = databaseEnv({ ...connection, port: proxy.port })
  try {
    return await run({ connection, proxy, env, query, postmaster: () => postmasterOf(dataDir) })
  } finally {
    await proxy.close()
    await embedded.stop()
  }
}

/** A server, and its own database. */
export function withServer<T>(
  run: (database: Database, server: DrillServer) => Promise<T>,
  { env = {}, dataDir }: { readonly env?: Readonly<Record<string, string>>; readonly dataDir?: string } = {},
): Promise<T> {
  return withDatabase(async (database) => {
    const server = await startServer({ ...database.env, ...env })
    const result = await run(database, server)
    await server.end('SIGTERM')
    return result
  }, dataDir)
}

export function postmasterOf(dataDir: string): number {
  return Number.parseInt(readFileSync(join(clusterIn(dataDir), 'postmaster.pid'), 'utf8'), 10)
}

export interface DrillServer extends Pick<ServerProcess, 'url' | 'child' | 'lines' | 'stdout' | 'end'> {
  /** Kills it and starts it again on the same port. Resolves when it serves, with the milliseconds that took. */
  readonly restart: () => Promise<number>
}

export async function startServer(env: Readonly<Record<string, string>>): Promise<DrillServer> {
  const settings = { LOG_LEVEL: 'warn', PORT: String(await freePort()), ...env }
  let current = await serve(settings)
  return {
    url: current.url,
    get child() {
      return current.child
    },
    lines: () => current.lines(),
    stdout: () => current.stdout(),
    end: (signal) => current.end(signal),
    restart: async () => {
      const began = performance.now()
      await current.end('SIGKILL')
      current = await serve(settings)
      return performance.now() - began
    },
  }
}

export const isHealthy = (server: Pick<ServerProcess, 'url'>): Promise<boolean> =>
  repliesWith(`${server.url}/health`, 200)

interface Course {
  readonly server: DrillServer
  /** Where PostgreSQL is read at the end. */
  readonly database: ClientConfig
  /** Causes the fault, and resolves when its cause is removed. */
  readonly cause: (traffic: Traffic) => Promise<unknown>
  /** Milliseconds after that until 99 % of the requests have to be good again; left out, they have to be so all the time. */
  readonly backWithin?: number
  /** Results that may occur beside 2xx, 4xx and 503. */
  readonly allowed?: readonly string[]
}

/** How long the requests after the recovery are watched, in milliseconds. */
const WATCHED = 6_000

/** Fifty requests a second before, during and after a fault, and what became of them and of the notes. */
export async function underTraffic({ server, database, cause, backWithin, allowed = [] }: Course) {
  const { broken, expect } = findings()
  const traffic = await startTraffic(server)
  await delay(3_000)
  const began = performance.now()
  await cause(traffic)
  const healed = performance.now()
  await delay((backWithin ?? 0) + WATCHED)
  await traffic.end()
  const share = goodShare(traffic.outcomes, began)
  const back = backAfter(traffic.outcomes, healed)
  const measured = []
  if (backWithin === undefined) {
    expect(share >= 0.99, '99 % good all the time')
    measured.push(`${(share * 100).toFixed(1)} % good all the time`)
  } else {
    // A drill that causes nothing shows nothing.
    expect(share < 1, 'the fault is felt')
    expect(back !== undefined && back <= backWithin, `99 % good again within ${seconds(backWithin)}`)
    measured.push(back === undefined ? 'not back' : `back after ${seconds(back)}`)
  }
  expect(server.child.exitCode === null, 'the server lives')
  const verdict = await judge(traffic, { url: server.url, database })
  for (const problem of problemsOf(verdict, allowed)) expect(false, problem)
  return { traffic, verdict, broken, expect, measured }
}

const LONGEST_MS = 5_000

/** What may not have occurred, whatever the fault was. */
function problemsOf({ results, slowest, lost, duplicated }: Verdict, allowed: readonly string[]): string[] {
  const isAllowed = (result: string): boolean => /^(?:[24]\d\d|503)$/.test(result) || allowed.includes(result)
  const others = [...results].filter(([result]) => !isAllowed(result))
  return [
    ...others.map(([result, count]) => `${count} requests: ${result}`),
    ...(slowest > LONGEST_MS ? [`a request took ${seconds(slowest)}`] : []),
    ...(lost > 0 ? [`${lost} acknowledged writes are lost`] : []),
    ...(duplicated > 0 ? [`${duplicated} notes are there twice`] : []),
  ]
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`
}
