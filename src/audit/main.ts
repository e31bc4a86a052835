/**
 * `npm run audit`: inspects the server that runs with these settings and prints what it finds. Exit 0 only if every
 * check passes. In a container: `docker compose exec api node src/audit/main.ts`.
 */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { Client } from 'pg'
import { type Config, loadConfig } from '../config/config.ts'
import { type Connection, connectionConfig } from '../db/database.ts'
import { readDatabaseUrl } from '../db/database-url.ts'
import { embeddedConnection } from '../db/embedded/embedded.ts'
import { PooledClient } from '../db/pooled-client.ts'
import { readEnvironment } from '../config/environment.ts'
import { StartupError } from '../startup-error.ts'
import { holdersOf, listSockets, socketsOf, userOf } from './connections.ts'

type Finding = readonly [isOk: boolean, text: string]

const TIMEOUT_MS = 5_000

try {
  const config = loadConfig(readEnvironment().values)
  const pids = serverProcesses(config.port)
  const findings = [
    await checkHealth(config),
    await checkDatabase(config),
    await checkConnections(config, pids),
    checkUser(pids),
  ]
  for (const [isOk, text] of findings) process.stdout.write(`${isOk ? 'ok  ' : 'FAIL'}  ${text}\n`)
  process.exitCode = findings.every(([isOk]) => isOk) ? 0 : 1
} catch (error) {
  const lines = error instanceof StartupError ? error.lines : [String(error)]
  for (const line of lines) process.stderr.write(`notes-api audit: ${line}\n`)
  process.exitCode = 2
}

async function checkHealth({ host, port }: Config): Promise<Finding> {
  const address = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host
  const url = `http://${isIP(address) === 6 ? `[${address}]` : address}:${port}/health`
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
    const body: unknown = await response.json()
    const version: unknown = Object.fromEntries(Object.entries(body ?? {}))['version']
    return [response.ok, response.ok ? `healthy, version ${String(version)}` : `${url} answers ${response.status}`]
  } catch (error) {
    return [false, `${url} does not answer (${reasonOf(error)}); is the server running with these settings?`]
  }
}

async function checkDatabase(config: Config): Promise<Finding> {
  const options = { ...connectionConfig(connectionOf(config)), connectionTimeoutMillis: TIMEOUT_MS }
  const client = config.databasePooler === 'none' ? new Client(options) : new PooledClient(options)
  try {
    await client.connect()
    const { rows } = await client.query<{ users: string }>('select count(*)::text as users from users')
    return [true, `the database is reachable and has ${rows[0]?.users ?? '?'} users`]
  } catch (error) {
    return [false, `the database cannot be read: ${reasonOf(error)}`]
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Every connection of the server, except those of its clients, must lead to its database. */
async function checkConnections(config: Config, pids: readonly number[] | undefined): Promise<Finding> {
  if (pids === undefined) return [false, 'connections can be inspected on Linux only']
  if (pids.length === 0) return [false, `no process that this user may inspect listens on port ${config.port}`]
  const inodes = new Set(pids.flatMap((pid) => [...socketsOf(pid)]))
  const database = await databaseAddresses(config)
  const open = listSockets().filter(
    ({ state, inode, localPort }) => state === 'established' && inodes.has(inode) && localPort !== config.port,
  )
  const foreign = open.filter(({ remoteAddress, remotePort }) => !database.has(`${remoteAddress} ${remotePort}`))
  if (foreign.length === 0) return [true, `every open connection leads to the database (${open.length})`]
  const list = foreign.map(({ remoteAddress, remotePort }) => `${remoteAddress} port ${remotePort}`)
  return [false, `connections that do not lead to the database: ${list.join(', ')}`]
}

function checkUser(pids: readonly number[] | undefined): Finding {
  const users = pids?.map(userOf) ?? [process.getuid?.() ?? Number.NaN]
  if (users.length === 0) return [false, 'the user of the server is unknown, because its process was not found']
  return users.includes(0)
    ? [false, 'the server runs as root']
    : [true, `the server does not run as root (uid ${users.join(', ')})`]
}

/** undefined where there is no /proc. */
function serverProcesses(port: number): number[] | undefined {
  if (process.platform !== 'linux') return undefined
  const listening = listSockets().filter((socket) => socket.state === 'listening' && socket.localPort === port)
  return [...new Set(listening.flatMap(({ inode }) => holdersOf(inode)))]
}

/** Empty for a database that is reached through a Unix socket, as the embedded one is. */
async function databaseAddresses({ databaseUrl }: Config): Promise<Set<string>> {
  if (databaseUrl === undefined) return new Set()
  const { host = 'localhost', port = 5432 } = readDatabaseUrl(databaseUrl)
  if (host.startsWith('/')) return new Set()
  const addresses = await lookup(host, { all: true })
  return new Set(addresses.map(({ address }) => `${address} ${port}`))
}

function connectionOf({ databaseUrl, dataDir }: Config): Connection {
  return databaseUrl ?? embeddedConnection(dataDir)
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}
