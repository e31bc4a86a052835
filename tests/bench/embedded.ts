/**
 * What the embedded database survives: `node tests/bench/embedded.ts [KILLS]`. While notes are written and read, its
 * postmaster is killed so often (10); then its disk is filled, until PostgreSQL itself ends for want of space, and freed
 * again. Prints how many writes were acknowledged, how many of them are lost, and how long it takes until the server
 * answers again. The second part needs root, to mount a small disk. Exits with 1 if a note is lost or the server ends.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Person, register } from '../support/people.ts'
import { cleanUp, repliesWith, serve, type ServerProcess, temporaryDirectory, until } from '../support/process.ts'
import { mountSmallDisk, type SmallDisk, useUpLog } from '../support/small-disk.ts'
import { print } from '../support/print.ts'

const HANDS = 8
const DISK_MB = 256
const [, , kills = '10'] = process.argv

interface Traffic {
  readonly acknowledged: string[]
  /** How often each status came, reads and writes apart. */
  readonly statuses: Map<string, number>
  readonly end: () => Promise<void>
}

try {
  await killPostmasters(Number(kills))
  const disk = mountSmallDisk(DISK_MB)
  if (disk === undefined) print('the disk was not filled: only root may mount a small one')
  else {
    try {
      await fillDisk(disk)
    } finally {
      await cleanUp()
      disk.unmount()
    }
  }
} finally {
  await cleanUp()
}

async function killPostmasters(count: number): Promise<void> {
  const dataDir = temporaryDirectory()
  const server = await serve({ DATA_DIR: dataDir, LOG_LEVEL: 'warn' })
  const ann = await register(server)
  const traffic = startTraffic(ann, () => 'x'.repeat(200))
  const back: number[] = []
  for (let done = 0; done < count; done += 1) {
    const before = traffic.acknowledged.length
    await until('notes are written', () => traffic.acknowledged.length > before + 100, 30_000)
    await delay(1_000)
    process.kill(Number.parseInt(readFileSync(join(dataDir, 'pg18', 'postmaster.pid'), 'utf8'), 10), 'SIGKILL')
    await until('it is unhealthy', () => repliesWith(`${server.url}/health`, 503))
    back.push(await until('it is healthy', () => repliesWith(`${server.url}/health`, 200), 60_000))
  }
  await traffic.end()
  print(`killed ${count} times under ${HANDS} writers and readers`)
  print(`back after ${seconds(back)} s`)
  await conclude(server, ann, traffic)
}

async function fillDisk(disk: SmallDisk): Promise<void> {
  const dataDir = join(disk.directory, 'data')
  const server = await serve({ DATA_DIR: dataDir, LOG_LEVEL: 'warn' })
  const ann = await register(server)
  // Hardly compressible, so that tables and log grow.
  const traffic = startTraffic(ann, () => Array.from({ length: 2_000 }, () => Math.random().toString(36)).join(''))
  const count = (key: string): number => traffic.statuses.get(key) ?? 0
  await until('notes are written', () => traffic.acknowledged.length > 100, 30_000)

  disk.fill()
  await until('writes are refused', () => count('write 503') > 0, 60_000)
  const [reads, refused] = [count('read 200'), count('write 503')]
  await delay(3_000)
  print(
    `disk full: ${count('write 503') - refused} writes were refused and ${count('read 200') - reads} reads answered in 3 s`,
  )

  // As a busy database does by itself: it ends this segment of the log and needs the next.
  await useUpLog(dataDir)
  await until('PostgreSQL cannot start', () => server.stdout().includes('cannot start'), 30_000)
  const live = await repliesWith(`${server.url}/health/live`, 200)
  print(`log full: PostgreSQL ended, /health/live ${live ? 'still 200' : 'NOT 200'}; its reasons:`)
  for (const { msg } of server.lines().filter(({ level }) => level === 50)) print(`  ${String(msg)}`)
  await delay(20_000)
  disk.free()
  const back = await until('it is healthy', () => repliesWith(`${server.url}/health`, 200), 60_000)
  const before = traffic.acknowledged.length
  await until('it writes', () => traffic.acknowledged.length > before, 10_000)
  await traffic.end()
  print(`with space again, after more than 20 s without: back after ${seconds([back])} s`)
  await conclude(server, ann, traffic)
}

/** Writes and reads in loops, whatever the answers are. */
function startTraffic(ann: Person, content: () => string): Traffic {
  const acknowledged: string[] = []
  const statuses = new Map<string, number>()
  const end = new AbortController()
  const note = (kind: string, status: number): void => {
    statuses.set(`${kind} ${status}`, (statuses.get(`${kind} ${status}`) ?? 0) + 1)
  }
  const hand = async (): Promise<void> => {
    while (!end.signal.aborted) {
      const written = await ann.ask('POST', '/notes', { body: { title: 'Kept', content: content() } })
      note('write', written.status)
      if (written.status === 201) acknowledged.push(String(written.body['id']))
      note('read', (await ann.ask('GET', '/notes?limit=1')).status)
      if (written.status !== 201) await delay(20)
    }
  }
  const hands = Promise.all(Array.from({ length: HANDS }, hand))
  hands.catch(() => undefined)
  return {
    acknowledged,
    statuses,
    end: async () => {
      end.abort()
      await hands
    },
  }
}

async function conclude(server: ServerProcess, ann: Person, traffic: Traffic): Promise<void> {
  let lost = 0
  for (const id of traffic.acknowledged) if ((await ann.ask('GET', `/notes/${id}`)).status !== 200) lost += 1
  const answers = [...traffic.statuses].map(([key, count]) => `${count} × ${key}`)
  print(`answers: ${answers.join(', ')}`)
  print(`acknowledged ${traffic.acknowledged.length}, lost ${lost}`)
  const code = await server.end('SIGTERM')
  if (lost > 0 || code !== 0) process.exitCode = 1
}

function seconds(milliseconds: readonly number[]): string {
  return milliseconds.map((value) => (value / 1_000).toFixed(1)).join(', ')
}
