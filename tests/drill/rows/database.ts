import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { ask, register } from '../../support/people.ts'
import { databaseEnv, freePort, repliesWith, spawnServer, until } from '../../support/process.ts'
import { openProxy } from '../../support/proxy.ts'
import { mountSmallDisk } from '../../support/small-disk.ts'
import { findings, type Finding, type NotRun, type Row } from '../row.ts'
import { type Database, isHealthy, openDatabase, problemsOf, seconds, startServer, underTraffic } from '../world.ts'
import { judge } from '../judge.ts'
import { startTraffic } from '../traffic.ts'

/** What can happen to the database. */
export const databaseRows: readonly Row[] = [
  ...(['SIGINT', 'SIGQUIT'] as const).map((signal) => ({
    fault: `PostgreSQL restarts, ${signal === 'SIGINT' ? 'fast' : 'immediate'}`,
    promised: 'the server lives, back within 5 s, nothing acknowledged is lost',
    run: () => restart(signal),
  })),
  {
    fault: 'PostgreSQL is absent at the start and comes after 30 s',
    promised: 'live 200, health 503, serves within 5 s, one process',
    run: absent,
  },
  {
    fault: 'the network to PostgreSQL swallows packets for 20 s',
    promised: 'back within 10 s, no dead connection stays in the pool',
    run: swallow,
  },
  {
    fault: 'a row is locked for 30 s',
    promised: '503 for that row, others unaffected, no idle transaction',
    run: lock,
  },
  { fault: "the database's disk is full", promised: 'writes 503, reads go on, heals without a restart', run: fillDisk },
  { fault: 'the database is read-only for 10 s', promised: '503 for writes, writes back within 10 s', run: readOnly },
  {
    fault: 'PostgreSQL takes no more connections for 10 s',
    promised: '503, connections remade, back within 10 s',
    run: noConnections,
  },
]

async function withServer<T>(
  run: (database: Database, server: Awaited<ReturnType<typeof startServer>>) => Promise<T>,
): Promise<T> {
  const database = await openDatabase()
  try {
    const server = await startServer(database.env)
    const result = await run(database, server)
    await server.end('SIGTERM')
    return result
  } finally {
    await database.stop()
  }
}

function restart(signal: NodeJS.Signals): Promise<Finding> {
  return withServer((database, server) =>
    underTraffic({
      server,
      database: database.connection,
      backWithin: 5_000,
      cause: async () => {
        process.kill(database.postmaster(), signal)
        return performance.now()
      },
    }),
  )
}

async function absent(): Promise<Finding> {
  const { broken, expect } = findings()
  const database = await openDatabase()
  const port = await freePort()
  try {
    const server = await spawnServer({ ...databaseEnv({ ...database.connection, port }), LOG_LEVEL: 'warn' })
    await until('it is alive', () => repliesWith(`${server.url}/health/live`, 200))
    const seen = new Set<string>()
    for (const end = performance.now() + 30_000; performance.now() < end; await delay(500)) {
      const [live, health] = await Promise.all(['/health/live', '/health'].map((path) => ask(server, 'GET', path)))
      seen.add(`live ${live?.status}, health ${health?.status}`)
    }
    expect(seen.size === 1 && seen.has('live 200, health 503'), [...seen].join('; '))
    const proxy = await openProxy(database.connection, { port })
    const back = await until('it serves', () => isHealthy(server), 15_000)
    expect(back <= 5_000, 'serves within 5 s')
    await register(server)
    expect(server.child.exitCode === null, 'the process lives')
    const told = server.lines().filter(({ msg }) => String(msg).includes('waiting for it')).length
    expect(told === 1, 'one line in the log')
    await server.end('SIGTERM')
    await proxy.close()
    return { measured: [...seen, `serves after ${seconds(back)}`, `${told} line in the log`], broken }
  } finally {
    await database.stop()
  }
}

function swallow(): Promise<Finding> {
  return withServer(async (database, server) => {
    const course = await underTraffic({
      server,
      database: database.connection,
      backWithin: 10_000,
      cause: async () => {
        database.proxy.swallow()
        await delay(20_000)
        database.proxy.restore()
        return performance.now()
      },
    })
    const dead = database.proxy.dead()
    course.expect(dead === 0, 'no dead connection stays')
    return { ...course, measured: [...course.measured, `${dead} dead connections left`] }
  })
}

function lock(): Promise<Finding> {
  return withServer(async (database, server) => {
    const ann = await register(server)
    const note = await ann.ask('POST', '/notes', { body: { title: 'Locked', content: 'x' } })
    const path = `/notes/${String(note.body['id'])}`
    const statuses = new Set<number>()
    let slowest = 0
    const course = await underTraffic({
      server,
      database: database.connection,
      backWithin: 1_000,
      cause: async () => {
        const since = performance.now()
        const locker = new Client(database.connection)
        await locker.connect()
        await locker.query('begin')
        await locker.query('select from notes where id = $1 for update', [note.body['id']])
        while (performance.now() < since + 30_000) {
          const began = performance.now()
          statuses.add((await ann.ask('PATCH', path, { body: { title: 'New' } })).status)
          slowest = Math.max(slowest, performance.now() - began)
          await delay(500)
        }
        await locker.query('rollback')
        await locker.end()
        // The others have to be good all the time.
        return since
      },
    })
    course.expect(statuses.size === 1 && statuses.has(503), `the locked row: ${[...statuses].join(', ')}`)
    course.expect(slowest <= 5_000, 'the locked row is answered within 5 s')
    const status = (await ann.ask('PATCH', path, { body: { title: 'New' } })).status
    course.expect(status === 200, 'the row can be written again')
    const [idle] = await database.query(
      `select count(*)::int as count from pg_stat_activity where state like 'idle in transaction%'`,
    )
    course.expect(idle?.['count'] === 0, 'no transaction is left idle')
    const told = `its row ${[...statuses].join(', ')} in at most ${seconds(slowest)}, ${String(idle?.['count'])} idle`
    return { ...course, measured: ['others were never away', told] }
  })
}

async function fillDisk(): Promise<Finding | NotRun> {
  const disk = mountSmallDisk(220)
  if (disk === undefined) return { notRun: 'only root may mount a small disk' }
  const database = await openDatabase(`${disk.directory}/data`)
  try {
    const server = await startServer(database.env)
    const { broken, expect } = findings()
    const ann = await register(server)
    const kept = await ann.ask('POST', '/notes', { body: { title: 'Kept', content: 'x' } })
    const traffic = await startTraffic(server)
    await delay(2_000)
    disk.fill()
    const full = new Map<string, Set<number>>()
    const see = (what: string, status: number) => full.set(what, (full.get(what) ?? new Set()).add(status))
    // Random, so that PostgreSQL cannot make it small.
    const content = Array.from({ length: 25_000 }, () => crypto.randomUUID()).join('')
    const isRefused = async (): Promise<boolean> => {
      const { status } = await ann.ask('POST', '/notes', {
        body: { title: 'Large', content },
      })
      return status !== 201
    }
    await until('writes are refused', isRefused, 60_000)
    for (const end = performance.now() + 10_000; performance.now() < end; await delay(100)) {
      see('writes', (await ann.ask('POST', '/notes', { body: { title: 'Large', content } })).status)
      see('reads', (await ann.ask('GET', `/notes/${String(kept.body['id'])}`)).status)
    }
    disk.free()
    const healed = performance.now()
    const back = await until(
      'writes are taken',
      async () => (await ann.ask('POST', '/notes', { body: { title: 'New' } })).status === 201,
      30_000,
    )
    await delay(3_000)
    await traffic.end()
    const verdict = await judge(traffic, { url: server.url, database: database.connection })
    const told = [...full].map(([what, statuses]) => `${what} ${[...statuses].join(', ')}`)
    expect(
      [...(full.get('writes') ?? [])].every((status) => [413, 503, 507].includes(status)),
      told.join('; '),
    )
    expect(full.get('reads')?.size === 1 && full.get('reads')?.has(200) === true, 'reads go on')
    expect(server.child.exitCode === null && performance.now() > healed, 'heals without a restart')
    for (const problem of problemsOf(verdict, ['507'])) expect(false, problem)
    await server.end('SIGTERM')
    return { measured: [...told, `back after ${seconds(back)}`], broken, verdict }
  } finally {
    await database.stop()
    disk.unmount()
  }
}

function readOnly(): Promise<Finding> {
  return withServer((database, server) => {
    const set = async (value: string): Promise<void> => {
      await database.query(`alter system set default_transaction_read_only = ${value}`)
      await database.query('select pg_reload_conf()')
    }
    return underTraffic({
      server,
      database: database.connection,
      backWithin: 10_000,
      cause: async () => {
        await set('on')
        await delay(10_000)
        await set('off')
        return performance.now()
      },
    })
  })
}

function noConnections(): Promise<Finding> {
  return withServer((database, server) =>
    underTraffic({
      server,
      database: database.connection,
      backWithin: 10_000,
      cause: async () => {
        const others = Array.from({ length: 200 }, () => new Client(database.connection))
        const end = `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'`
        await database.query(end)
        const taken = await Promise.allSettled(others.map((client) => client.on('error', () => undefined).connect()))
        await delay(10_000)
        await Promise.allSettled(
          others.filter((_, index) => taken[index]?.status === 'fulfilled').map((one) => one.end()),
        )
        return performance.now()
      },
    }),
  )
}
