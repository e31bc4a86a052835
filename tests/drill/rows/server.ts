import { existsSync, globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { embeddedConnection } from '../../../src/db/embedded/embedded.ts'
import { register } from '../../support/people.ts'
import { freePort, repliesWith, serve, temporaryDirectory, until } from '../../support/process.ts'
import { mountSmallDisk, useUpLog } from '../../support/small-disk.ts'
import { judge } from '../judge.ts'
import { findings, type Finding, type NotRun, type Row } from '../row.ts'
import { startTraffic } from '../traffic.ts'
import { isHealthy, openDatabase, postmasterOf, problemsOf, seconds, startServer, underTraffic } from '../world.ts'

/** What can happen to the server, its clock, its embedded database and its log. */
export const serverRows: readonly Row[] = [
  {
    fault: 'kill -9 of the server, 50 times',
    promised: 'back within 3 s, nothing lost, a keyed retry answers the same',
    run: kill,
  },
  {
    fault: 'two servers start with pending migrations',
    promised: 'each is applied once, both serve',
    run: migrateTwice,
  },
  { fault: 'the clock goes one hour on, and one back', promised: 'no session is lost', run: moveClock },
  {
    fault: 'the embedded PostgreSQL is killed',
    promised: 'the server lives, PostgreSQL is started again, nothing is lost',
    run: killEmbedded,
  },
  {
    fault: 'the disk of the embedded PostgreSQL is full',
    promised: 'the server lives, health 503, heals, nothing is lost',
    run: fillEmbedded,
  },
  { fault: 'the reader of the log stands still', promised: 'requests go on, dropped lines are told', run: stallLog },
]

const KILLS = 50
/** On a slow machine, a restart under load may take so many times one without. */
const SLOW_MACHINE = 3

async function kill(): Promise<Finding> {
  const { broken, expect } = findings()
  const database = await openDatabase()
  try {
    const env = { ...database.env, PORT: String(await freePort()) }
    let server = await startServer(env)
    const restart = async (): Promise<number> => {
      const began = performance.now()
      await server.end('SIGKILL')
      server = await startServer(env)
      return performance.now() - began
    }
    const ordinary = Math.max(await restart(), await restart())
    const traffic = await startTraffic(server)
    const back: number[] = []
    for (let count = 0; count < KILLS; count += 1) {
      await delay(200 + Math.random() * 600)
      back.push(await restart())
    }
    await delay(1_000)
    await traffic.end()
    const verdict = await judge(traffic, { url: server.url, database: database.connection })
    let different = 0
    for (const { key, id, writer } of traffic.wanted.filter((_, index) => index % 5 === 0)) {
      const headers = { 'Idempotency-Key': key }
      const body = { title: key, content: 'x'.repeat(200) }
      const again = await traffic.writers[writer]?.person.ask('POST', '/notes', { body, headers })
      if (again?.status !== 201 || again.body['id'] !== id) different += 1
    }
    const longest = Math.max(...back)
    expect(longest <= Math.max(3_000, SLOW_MACHINE * ordinary), 'back within 3 s')
    expect(different === 0, `${different} keyed retries have another answer`)
    for (const problem of problemsOf(verdict, ['gone'])) expect(false, problem)
    await server.end('SIGTERM')
    const retried = `${Math.ceil(traffic.wanted.length / 5)} keyed retries, ${different} different`
    return {
      measured: [`back after at most ${seconds(longest)}, without load ${seconds(ordinary)}`, retried],
      broken,
      verdict,
    }
  } finally {
    await database.stop()
  }
}

async function migrateTwice(): Promise<Finding> {
  const { broken, expect } = findings()
  const database = await openDatabase()
  try {
    const began = performance.now()
    const servers = await Promise.all([serve(database.env), serve(database.env)])
    const took = performance.now() - began
    const applied = servers.flatMap((server) => server.lines().flatMap(({ migrations }) => migrations ?? []))
    expect(applied.length > 0 && new Set(applied).size === applied.length, 'each migration is applied once')
    for (const server of servers) {
      const made = await (await register(server)).ask('POST', '/notes', { body: { title: 'a' } })
      expect(made.status === 201, `a server replies ${made.status}`)
      await server.end('SIGTERM')
    }
    return { measured: [`${applied.length} migrations, none twice, both serve after ${seconds(took)}`], broken }
  } finally {
    await database.stop()
  }
}

async function moveClock(): Promise<Finding | NotRun> {
  const [library] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')
  if (library === undefined) return { notRun: 'faketime is not installed (apt-get install faketime)' }
  const database = await openDatabase()
  try {
    const clock = join(temporaryDirectory(), 'clock')
    const set = (offset: string): void => writeFileSync(clock, `${offset}\n`)
    set('+0')
    const fake = {
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }
    const server = await startServer({ ...database.env, ...fake })
    const course = await underTraffic({
      server,
      database: database.connection,
      backWithin: 5_000,
      cause: async () => {
        const since = performance.now()
        for (const offset of ['+1h', '+0', '-1h', '+0']) {
          set(offset)
          await delay(6_000)
        }
        return since + 24_000
      },
    })
    const { traffic } = course
    course.expect(traffic.thrownOut() === 0, `${traffic.thrownOut()} sessions were refused`)
    await server.end('SIGTERM')
    const told = `${traffic.renewed()} access tokens renewed, ${traffic.thrownOut()} of ${traffic.writers.length} sessions refused`
    return { ...course, measured: [...course.measured, told] }
  } finally {
    await database.stop()
  }
}

async function killEmbedded(): Promise<Finding> {
  const dataDir = temporaryDirectory()
  const server = await startServer({ DATA_DIR: dataDir })
  const course = await underTraffic({
    server,
    database: embeddedConnection(dataDir),
    backWithin: 5_000,
    cause: async () => {
      process.kill(postmasterOf(dataDir), 'SIGKILL')
      return performance.now()
    },
  })
  await server.end('SIGTERM')
  return course
}

async function fillEmbedded(): Promise<Finding | NotRun> {
  const disk = mountSmallDisk(220)
  if (disk === undefined) return { notRun: 'only root may mount a small disk' }
  try {
    const dataDir = join(disk.directory, 'data')
    const server = await startServer({ DATA_DIR: dataDir })
    const { broken, expect } = findings()
    const traffic = await startTraffic(server)
    await delay(2_000)
    disk.fill()
    await useUpLog(dataDir)
    await until('it is unhealthy', () => repliesWith(`${server.url}/health`, 503))
    await delay(5_000)
    expect(await repliesWith(`${server.url}/health/live`, 200), 'it is alive')
    disk.free()
    const back = await until('it is healthy', () => isHealthy(server), 60_000)
    await delay(3_000)
    await traffic.end()
    const verdict = await judge(traffic, { url: server.url, database: embeddedConnection(dataDir) })
    for (const problem of problemsOf(verdict, ['507'])) expect(false, problem)
    expect(server.child.exitCode === null, 'the process lives')
    await server.end('SIGTERM')
    return { measured: ['health 503, live 200', `back after ${seconds(back)}`], broken, verdict }
  } finally {
    await until('PostgreSQL is gone', () => !existsSync(join(disk.directory, 'data', 'pg18', 'postmaster.pid'))).catch(
      () => undefined,
    )
    disk.unmount()
  }
}

async function stallLog(): Promise<Finding> {
  const database = await openDatabase()
  try {
    const server = await startServer({ ...database.env, LOG_LEVEL: 'info' })
    const burst = async (): Promise<void> => {
      for (let count = 0; count < 1_500; count += 1) await repliesWith(`${server.url}/health/live`, 200)
    }
    const course = await underTraffic({
      server,
      database: database.connection,
      backWithin: 1_000,
      cause: async () => {
        const since = performance.now()
        server.child.stdout?.pause()
        await Promise.all(Array.from({ length: 8 }, burst))
        server.child.stdout?.resume()
        return since
      },
    })
    await until('it is told', () => server.stdout().includes('log lines were dropped here'))
    const [, dropped = '0'] = /(\d+) log lines were dropped here/.exec(server.stdout()) ?? []
    await server.end('SIGTERM')
    return { ...course, measured: ['requests never stood still', `${dropped} lines dropped, and told`] }
  } finally {
    await database.stop()
  }
}
