import { globSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { embeddedConnection } from '../../../src/db/embedded/embedded.ts'
import { register } from '../../support/people.ts'
import { postgresIn, repliesWith, serve, temporaryDirectory, until } from '../../support/process.ts'
import { mountSmallDisk, useUpLog } from '../../support/small-disk.ts'
import { findings, type Finding, type NotRun, type Row } from '../row.ts'
import { createNote } from '../traffic.ts'
import { isHealthy, postmasterOf, seconds, startServer, underTraffic, withDatabase, withServer } from '../world.ts'

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
  { fault: 'several faults in a minute, four writers', promised: 'nothing lost, nothing twice', run: mixFaults },
]

const KILLS = 50
/** On a slow machine, a restart under load may take so many times one without. */
const SLOW_MACHINE = 3

function kill(): Promise<Finding> {
  return withServer(async ({ connection }, server) => {
    const ordinary = Math.max(await server.restart(), await server.restart())
    const back: number[] = []
    const cause = async (): Promise<void> => {
      for (let count = 0; count < KILLS; count += 1) {
        await delay(200 + Math.random() * 600)
        back.push(await server.restart())
      }
    }
    const backWithin = Math.max(3_000, SLOW_MACHINE * ordinary)
    const course = await underTraffic({ server, database: connection, cause, backWithin, allowed: ['gone'] })
    const longest = Math.max(...back)
    course.expect(longest <= backWithin, `each time back within ${seconds(backWithin)}`)
    const { traffic } = course
    const retried = traffic.wanted.filter((_, index) => index % 5 === 0)
    let different = 0
    for (const { key, id, writer } of retried) {
      const by = traffic.writers[writer]?.person
      const again = by && (await createNote(by, key))
      if (again?.status !== 201 || again.body['id'] !== id) different += 1
    }
    course.expect(different === 0, `${different} keyed retries have another answer`)
    const told = `back after at most ${seconds(longest)}, without load ${seconds(ordinary)}`
    return { ...course, measured: [told, `${retried.length} keyed retries, ${different} different`] }
  })
}

function migrateTwice(): Promise<Finding> {
  return withDatabase(async ({ env }) => {
    const { broken, expect } = findings()
    const began = performance.now()
    const servers = await Promise.all([serve(env), serve(env)])
    const took = performance.now() - began
    const applied = servers.flatMap((server) => server.lines().flatMap(({ migrations }) => migrations ?? []))
    expect(applied.length > 0 && new Set(applied).size === applied.length, 'each migration is applied once')
    for (const server of servers) {
      const made = await (await register(server)).ask('POST', '/notes', { body: { title: 'a' } })
      expect(made.status === 201, `a server replies ${made.status}`)
      await server.end('SIGTERM')
    }
    const twice = applied.length - new Set(applied).size
    return { measured: [`${applied.length} migrations, ${twice} twice, both serve after ${seconds(took)}`], broken }
  })
}

async function moveClock(): Promise<Finding | NotRun> {
  const [library] = globSync('/usr/lib/*/faketime/libfaketimeMT.so.1')
  if (library === undefined) return { notRun: 'faketime is not installed (apt-get install faketime)' }
  const clock = join(temporaryDirectory(), 'clock')
  const set = (offset: string): void => writeFileSync(clock, `${offset}\n`)
  set('+0')
  const env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: clock,
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }
  const move = async (): Promise<void> => {
    for (const offset of ['+1h', '+0', '-1h', '+0']) {
      set(offset)
      await delay(6_000)
    }
  }
  return await withServer(
    async ({ connection }, server) => {
      const course = await underTraffic({ server, database: connection, backWithin: 5_000, cause: move })
      const { traffic } = course
      course.expect(traffic.renewed() > 0, 'access tokens expired, so the clock was moved')
      course.expect(traffic.thrownOut() === 0, `${traffic.thrownOut()} sessions were refused`)
      const told = `${traffic.renewed()} access tokens renewed, ${traffic.thrownOut()} sessions refused`
      return { ...course, measured: [...course.measured, told] }
    },
    { env },
  )
}

async function killEmbedded(): Promise<Finding> {
  const dataDir = temporaryDirectory()
  const server = await startServer({ DATA_DIR: dataDir })
  const cause = async () => process.kill(postmasterOf(dataDir), 'SIGKILL')
  const course = await underTraffic({ server, database: embeddedConnection(dataDir), backWithin: 5_000, cause })
  await server.end('SIGTERM')
  return course
}

async function fillEmbedded(): Promise<Finding | NotRun> {
  const disk = mountSmallDisk(220)
  if (disk === undefined) return { notRun: 'only root may mount a small disk' }
  const dataDir = join(disk.directory, 'data')
  try {
    const server = await startServer({ DATA_DIR: dataDir })
    const seen: string[] = []
    let back = Infinity
    const cause = async (): Promise<void> => {
      disk.fill()
      await useUpLog(dataDir)
      await until('it is unhealthy', () => repliesWith(`${server.url}/health`, 503))
      seen.push('health 503')
      await delay(5_000)
      if (await repliesWith(`${server.url}/health/live`, 200)) seen.push('live 200')
      disk.free()
      back = await until('it is healthy', () => isHealthy(server), 60_000)
    }
    const allowed = ['507']
    const place = embeddedConnection(dataDir)
    const course = await underTraffic({ server, database: place, cause, backWithin: 5_000, allowed })
    course.expect(seen.includes('live 200'), 'it is alive')
    await server.end('SIGTERM')
    return { ...course, measured: [...seen, `back ${seconds(back)} after there is room`] }
  } finally {
    await until('PostgreSQL is gone', () => postgresIn(disk.directory).length === 0).catch(() => undefined)
    disk.unmount()
  }
}

function stallLog(): Promise<Finding> {
  return withServer(
    async ({ connection }, server) => {
      const burst = async (): Promise<void> => {
        for (let count = 0; count < 1_500; count += 1) await repliesWith(`${server.url}/health/live`, 200)
      }
      const cause = async (): Promise<void> => {
        server.child.stdout?.pause()
        await Promise.all(Array.from({ length: 8 }, burst))
        server.child.stdout?.resume()
      }
      const course = await underTraffic({ server, database: connection, cause })
      await until('it is told', () => server.stdout().includes('log lines were dropped here'))
      const [, dropped = '0'] = /(\d+) log lines were dropped here/.exec(server.stdout()) ?? []
      return { ...course, measured: [...course.measured, `${dropped} lines dropped, and told`] }
    },
    { env: { LOG_LEVEL: 'info' } },
  )
}

const MINUTE_MS = 60_000
/** Milliseconds between two faults. */
const PAUSE = 4_000

function mixFaults(): Promise<Finding> {
  return withServer(async ({ connection, proxy, postmaster }, server) => {
    const swallow = async (): Promise<void> => {
      proxy.swallow()
      await delay(3_000)
      proxy.restore()
    }
    const faults: [name: string, cause: () => Promise<unknown>][] = [
      ['connections cut', async () => proxy.cut()],
      ['PostgreSQL immediate', async () => process.kill(postmaster(), 'SIGQUIT')],
      ['server killed', server.restart],
      ['packets swallowed for 3 s', swallow],
      ['PostgreSQL fast', async () => process.kill(postmaster(), 'SIGINT')],
    ]
    let count = 0
    const cause = async (): Promise<void> => {
      for (const end = performance.now() + MINUTE_MS; performance.now() < end; count += 1) {
        await faults[count % faults.length]?.[1]()
        await delay(PAUSE)
      }
    }
    const course = await underTraffic({
      server,
      database: connection,
      cause,
      backWithin: 5_000,
      allowed: ['gone'],
    })
    return { ...course, measured: [`${count} faults: ${faults.map(([name]) => name).join(', ')}`] }
  })
}
