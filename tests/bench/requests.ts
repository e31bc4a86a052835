/**
 * The cost of a request: `npm run bench`. Compares our server with node:http and one prepared statement, and with the
 * same and all the statements that ours sends. `--compare DIR` adds the server of another checkout, such as the commit
 * before. One PostgreSQL, 32 connections, rounds in turn. Not a test: machines differ, so compare ratios of one run.
 * `--connections 32 --rounds 5 --seconds 0.9 --json FILE`.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { clusterIn } from '../../src/db/embedded/data-dir.ts'
import { register } from '../support/people.ts'
import { type Contender, type Identity, startBare, startNotesApi, urlOf } from './contenders.ts'
import { openBenchDatabase } from './database.ts'
import { print } from '../support/print.ts'
import { type Entrant, measure, type Result, type Spread } from './measure.ts'
import { type Client, createNote, operations } from './operations.ts'
import { logNoStatements, logStatements, statementsOf } from './statements.ts'

const NOTES = 200
const { values } = parseArgs({
  options: {
    connections: { type: 'string', default: '32' },
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '0.9' },
    compare: { type: 'string' },
    json: { type: 'string' },
  },
})
const size = { connections: Number(values.connections), rounds: Number(values.rounds), seconds: Number(values.seconds) }
const database = await openBenchDatabase({ max_connections: '100' })
const running: Contender[] = []
try {
  const entrants = await prepare()
  const postgresPid = Number(readFileSync(join(clusterIn(database.dataDir), 'postmaster.pid'), 'utf8').split('\n')[0])
  print(
    `${availableParallelism()} cores, ${size.connections} connections, ` +
      `${size.rounds} rounds of ${size.seconds} s, medians.`,
  )
  print(
    '"ours ÷ it" compares our server with the one in the row, in the same round: ' +
      'requests/s (min–max), CPU time of a request.',
  )
  const results: Result[] = []
  for (const operation of operations) {
    const measured = await measure(operation, entrants, { ...size, postgresPid })
    results.push(...measured)
    print(
      `\n${operation.name.padEnd(30)}requests/s   p50 ms   p99 ms   CPU µs   PostgreSQL µs   ` +
        'ours ÷ it: requests/s, CPU',
    )
    for (const result of measured) print(row(result))
  }
  if (values.json !== undefined) {
    writeFileSync(
      values.json,
      `${JSON.stringify({ cores: availableParallelism(), node: process.version, ...size, results }, null, 2)}\n`,
    )
  }
} finally {
  await Promise.allSettled(running.map((contender) => contender.stop()))
  await database.close()
}

/** Starts every server, each with its own database that holds the same notes. */
async function prepare(): Promise<Entrant[]> {
  await administer('create database ours')
  const { client, identity, sent } = await logged('ours', () => startNotesApi(urlOf(database.connection, 'ours')))
  for (const name of ['one_statement', 'all_statements']) await administer(`create database ${name} template ours`)
  const bare = (name: string, mode: 'statement' | 'statements') => () =>
    startBare(urlOf(database.connection, name), mode, identity)
  const { sent: same } = await logged('all_statements', bare('all_statements', 'statements'), client)
  for (const { name } of operations) {
    if (sent.get(name) !== same.get(name))
      print(`${name}: ours sends "${sent.get(name)}", the bare server "${same.get(name)}"`)
  }
  const start = async (name: string, starting: Promise<Contender>): Promise<Entrant> => {
    const contender = await starting
    running.push(contender)
    return { name, pid: contender.pid, client: { ...client, port: contender.port } }
  }
  const entrants = [
    await start('ours', startNotesApi(urlOf(database.connection, 'ours'))),
    await start('bare, one statement', bare('one_statement', 'statement')()),
    await start('bare, the same statements', bare('all_statements', 'statements')()),
  ]
  if (values.compare === undefined) return entrants
  await administer('create database compared')
  const compared = await start(
    'compared',
    startNotesApi(urlOf(database.connection, 'compared'), resolve(values.compare)),
  )
  // It has its own tokens and notes, because its tables may differ.
  return [...entrants, { ...compared, client: (await fill(compared.client.port)).client }]
}

interface Filled {
  readonly client: Client
  readonly identity: Identity
}

/** Starts a server briefly to record the statements that it sends. Without a client, its database is filled first. */
async function logged(name: string, starts: () => Promise<Contender>, known?: Client) {
  await administer(logStatements(name))
  const contender = await starts()
  try {
    const filled =
      known === undefined ? await fill(contender.port) : { client: known, identity: { userId: '', sessionId: '' } }
    const client = { ...filled.client, port: contender.port }
    const sent = new Map<string, string>()
    for (const operation of operations)
      sent.set(operation.name, await statementsOf(operation, client, database.dataDir))
    return { ...filled, sent }
  } finally {
    await contender.stop()
    await administer(logNoStatements(name))
  }
}

async function fill(port: number): Promise<Filled> {
  const { accessToken: token } = await register({ url: `http://127.0.0.1:${port}` })
  const { sub, sid } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    sub: string
    sid: string
  }
  const noteIds: string[] = []
  for (let number = 0; number < NOTES; number += 1)
    noteIds.push((await createNote({ port, token, noteIds }, number)).id)
  return { client: { port, token, noteIds }, identity: { userId: sub, sessionId: sid } }
}

async function administer(statement: string): Promise<void> {
  await sql.raw(statement).execute(database.db)
}

function row({ server, requestsPerSecond, p50, p99, cpuMicros, postgresMicros, ratio, cpuRatio }: Result): string {
  const cells = [
    `  ${server}`.padEnd(30),
    requestsPerSecond.median.toFixed(0).padStart(10),
    p50.toFixed(1).padStart(9),
    p99.toFixed(1).padStart(9),
    (cpuMicros?.toFixed(0) ?? 'n/a').padStart(9),
    (postgresMicros?.toFixed(0) ?? 'n/a').padStart(16),
  ]
  return ratio === undefined ? cells.join('') : `${cells.join('')}   ${spread(ratio)}, ${cpuRatio?.toFixed(2) ?? 'n/a'}`
}

function spread({ median, min, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`
}
