/**
 * What long lists cost: `node tests/bench/lists.ts [--compare DIR]`. An account has 100 notes of 1 MiB. Ten clients at
 * once read a list of them, each list in turn: whole by offset, page by page by cursor, the trash, the changes. Another
 * client asks for its own note, and for `/health/live`, meanwhile. Prints what was answered, how long it took, the most
 * memory that the server held, and what the others waited; with `--compare`, of the server of another checkout too.
 * No test: machines differ.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { sql } from 'kysely'
import { type Person, register, userIdOf } from '../support/people.ts'
import { type Contender, startNotesApi, urlOf } from './contenders.ts'
import { print } from '../support/print.ts'
import { openBenchDatabase } from './database.ts'
import { quantile } from './figures.ts'

const NOTES = 100
const SIZE = 1024 * 1024
const READERS = 10
/** The name of a list, its first address, and whether it is followed to its end. */
const LISTS: [name: string, path: string][] = [
  ['by offset', '/notes?limit=100&skip=0'],
  ['by cursor', '/notes?limit=100'],
  ['the trash', '/trash?limit=100'],
  ['the changes', '/changes?limit=100'],
  ['summaries', '/notes/summaries?limit=100'],
]

const { values } = parseArgs({ options: { compare: { type: 'string' } } })
const database = await openBenchDatabase()
try {
  for (const checkout of [undefined, values.compare].filter((value, index) => index === 0 || value !== undefined)) {
    const server = await startNotesApi(urlOf(database.connection, 'notes'), checkout)
    try {
      print(checkout ?? 'this checkout')
      await measure(server)
    } finally {
      await server.stop()
    }
  }
} finally {
  await database.close()
}

async function measure(server: Contender): Promise<void> {
  const host = { url: `http://127.0.0.1:${server.port}` }
  const [reader, other] = [await register(host), await register(host)]
  await fill(userIdOf(reader))
  const note = await other.ask('POST', '/notes', { body: { title: 'Mine', content: 'x' } })
  print(`  at rest ${String(mbOf(server.pid))} MiB`)
  for (const [name, path] of LISTS) {
    const watch = { isOver: false, most: 0, live: new Array<number>(), own: new Array<number>() }
    const watching = [
      follow(watch, async () => void (watch.most = Math.max(watch.most, mbOf(server.pid)))),
      follow(watch, async () => void watch.live.push(await timeOf(host, other, '/health/live'))),
      follow(watch, async () => void watch.own.push(await timeOf(host, other, String(note.headers.get('location'))))),
    ]
    const began = performance.now()
    const all = await Promise.all(Array.from({ length: READERS }, () => readAll(host, reader, path)))
    const seconds = (performance.now() - began) / 1_000
    watch.isOver = true
    await Promise.all(watching)
    const statuses = [...new Set(all.flatMap((one) => one.statuses))].join(', ')
    const mib = all.reduce((sum, one) => sum + one.bytes, 0) / 2 ** 20
    print(
      `  ${name.padEnd(12)} ${statuses}, ${all.reduce((sum, one) => sum + one.statuses.length, 0)} answers, ` +
        `${mib.toFixed(0)} MiB in ${seconds.toFixed(1)} s, at most ${watch.most} MiB resident, ` +
        `live p99 ${quantile(watch.live, 0.99).toFixed(0)} ms, another's GET p99 ${quantile(watch.own, 0.99).toFixed(0)} ms`,
    )
  }
}

async function fill(ownerId: string): Promise<void> {
  for (const deleted of [sql`null`, sql`now()`]) {
    for (let index = 0; index < NOTES; index += 10) {
      await sql`
        insert into notes (id, owner_id, title, content, deleted_at)
        select gen_random_uuid(), ${ownerId}, 'Note ' || i,
          left((select string_agg(md5(random()::text || i || j), ' ') from generate_series(1, 32000) j), ${SIZE}), ${deleted}
        from generate_series(${index}::int, ${index + 9}::int) i`.execute(database.db)
    }
  }
  await sql`
    insert into note_changes (owner_id, note_id, seq, kind, version, at)
    select owner_id, id, row_number() over (), 'upsert', 1, now() from notes
    where owner_id = ${ownerId} and deleted_at is null`.execute(database.db)
  await sql`insert into change_counters (owner_id, seq) values (${ownerId}, ${NOTES})`.execute(database.db)
}

/** Reads a list to its end, as a program does that looks at each byte and keeps none. */
async function readAll(host: { url: string }, { accessToken }: Person, first: string) {
  const statuses: (number | string)[] = []
  let bytes = 0
  for (let path: string | undefined = first; path !== undefined;) {
    const headers = { Authorization: `Bearer ${accessToken}` }
    try {
      const response: Response = await fetch(`${host.url}${path}`, { headers })
      statuses.push(response.status)
      for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) bytes += chunk.length
      path = /<(.+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1]
    } catch (error) {
      statuses.push(String(error))
      path = undefined
    }
  }
  return { statuses, bytes }
}

async function follow(watch: { readonly isOver: boolean }, look: () => Promise<void>): Promise<void> {
  while (!watch.isOver) {
    await look()
    await delay(20)
  }
}

async function timeOf(host: { url: string }, { accessToken }: Person, path: string): Promise<number> {
  const began = performance.now()
  await (await fetch(`${host.url}${path}`, { headers: { Authorization: `Bearer ${accessToken}` } })).text()
  return performance.now() - began
}

function mbOf(pid: number): number {
  return Math.round(Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024)
}
