import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { ask, register } from '../../support/people.ts'
import { databaseEnv, freePort, repliesWith, spawnServer, until } from '../../support/process.ts'
import { openProxy } from '../../support/proxy.ts'
import { mountSmallDisk } from '../../support/small-disk.ts'
import { findings, type Finding, type NotRun, type Row } from '../row.ts'
import { isHealthy, seconds, underTraffic, withDatabase, withServer } from '../world.ts'

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

function restart(signal: NodeJS.Signals): Promise<Finding> {
  return withServer(({ connection, postmaster }, server) =>
    underTraffic({
      server,
      database: connection,
      backWithin: 5_000,
      cause: async () => process.kill(postmaster(), signal),
    }),
  )
}

function absent(): Promise<Finding> {
  return withDatabase(async ({ connection }) => {
    const { broken, expect } = findings()
    const port = await freePort()
    const server = await spawnServer({ ...databaseEnv({ ...connection, port }), LOG_LEVEL: 'warn' })
    await until('it is alive', () => repliesWith(`${server.url}/health/live`, 200))
    const seen = new Set<string>()
    for (const end = performance.now() + 30_000; performance.now() < end; await delay(500)) {
      const [live, health] = await Promise.all(['/health/live', '/health'].map((path) => ask(server, 'GET', path)))
      seen.add(`live ${live?.status}, health ${health?.status}`)
    }
    expect(seen.size === 1 && seen.has('live 200, health 503'), [...seen].join('; '))
    const proxy = await openProxy(connection, { port })
    const back = await until('it serves', () => isHealthy(server), 15_000)
    expect(back <= 5_000, 'serves within 5 s')
    await register(server)
    expect(server.child.exitCode === null, 'the server lives')
    const told = server.lines().filter(({ msg }) => String(msg).includes('waiting for it')).length
    expect(told === 1, 'one line in the log')
    await server.end('SIGTERM')
    await proxy.close()
    return { measured: [...seen, `serves after ${seconds(back)}`, `${told} line in the log`], broken }
  })
}

function swallow(): Promise<Finding> {
  return withServer(async ({ connection, proxy }, server) => {
    const course = await underTraffic({
      server,
      database: connection,
      backWithin: 10_000,
      cause: async () => {
        proxy.swallow()
        await delay(20_000)
        proxy.restore()
      },
    })
    const dead = proxy.dead()
    course.expect(dead === 0, 'no dead connection stays')
    return { ...course, measured: [...course.measured, `${dead} dead connections left`] }
  })
}

function lock(): Promise<Finding> {
  return withServer(async ({ connection, query }, server) => {
    const ann = await register(server)
    const note = await ann.ask('POST', '/notes', { body: { title: 'Locked', content: 'x' } })
    const path = `/notes/${String(note.body['id'])}`
    const change = async (): Promise<number> => (await ann.ask('PATCH', path, { body: { title: 'New' } })).status
    const statuses = new Set<number>()
    let slowest = 0
    const cause = async (): Promise<void> => {
      const locker = new Client(connection)
      await locker.connect()
      await locker.query('begin')
      await locker.query('select from notes where id = $1 for update', [note.body['id']])
      for (const end = performance.now() + 30_000; performance.now() < end; await delay(500)) {
        const began = performance.now()
        statuses.add(await change())
        slowest = Math.max(slowest, performance.now() - began)
      }
      await locker.query('rollback')
      await locker.end()
    }
    const course = await underTraffic({ server, database: connection, cause })
    course.expect(statuses.size === 1 && statuses.has(503), `the locked row: ${[...statuses].join(', ')}`)
    course.expect(slowest <= 5_000, 'the locked row is answered within 5 s')
    course.expect((await change()) === 200, 'the row can be written again')
    const [idle] = await query(
      `select count(*)::int as count from pg_stat_activity where state like 'idle in transaction%'`,
    )
    course.expect(idle?.['count'] === 0, 'no transaction is left idle')
    const told = `its row ${[...statuses].join(', ')} in at most ${seconds(slowest)}, ${String(idle?.['count'])} idle`
    return { ...course, measured: [...course.measured.map((text) => `others ${text}`), told] }
  })
}

async function fillDisk(): Promise<Finding | NotRun> {
  const disk = mountSmallDisk(220)
  if (disk === undefined) return { notRun: 'only root may mount a small disk' }
  try {
    return await withServer(
      async ({ connection }, server) => {
        const ann = await register(server)
        const kept = await ann.ask('POST', '/notes', { body: { title: 'Kept', content: 'x' } })
        // Random, so that PostgreSQL cannot make it small.
        const content = Array.from({ length: 25_000 }, () => crypto.randomUUID()).join('')
        const write = async () => (await ann.ask('POST', '/notes', { body: { title: 'Large', content } })).status
        const read = async () => (await ann.ask('GET', `/notes/${String(kept.body['id'])}`)).status
        const [writes, reads] = [new Set<number>(), new Set<number>()]
        const cause = async (): Promise<void> => {
          disk.fill()
          await until('writes are refused', async () => (await write()) !== 201, 60_000)
          for (const end = performance.now() + 10_000; performance.now() < end; await delay(100)) {
            writes.add(await write())
            reads.add(await read())
          }
          disk.free()
        }
        const allowed = ['507']
        const course = await underTraffic({ server, database: connection, cause, backWithin: 10_000, allowed })
        const told = `writes ${[...writes].join(', ')}, reads ${[...reads].join(', ')}`
        course.expect([...writes].every((status) => status === 503 || status === 507) && writes.size > 0, told)
        course.expect(reads.size === 1 && reads.has(200), 'reads go on')
        return { ...course, measured: [told, ...course.measured] }
      },
      { dataDir: `${disk.directory}/data` },
    )
  } finally {
    disk.unmount()
  }
}

function readOnly(): Promise<Finding> {
  return withServer(({ connection, query }, server) => {
    const set = async (value: string): Promise<void> => {
      await query(`alter system set default_transaction_read_only = ${value}`)
      await query('select pg_reload_conf()')
    }
    const cause = async (): Promise<void> => {
      await set('on')
      await delay(10_000)
      await set('off')
    }
    return underTraffic({ server, database: connection, backWithin: 10_000, cause })
  })
}

/** More than PostgreSQL allows. */
const CONNECTIONS = 200
const END_OTHERS = `select pg_terminate_backend(pid) from pg_stat_activity
  where pid <> pg_backend_pid() and backend_type = 'client backend'`

function noConnections(): Promise<Finding> {
  return withServer(({ connection, query }, server) => {
    const cause = async (): Promise<void> => {
      const others = Array.from({ length: CONNECTIONS }, () => new Client(connection).on('error', () => undefined))
      await query(END_OTHERS)
      const taken = await Promise.allSettled(others.map((client) => client.connect()))
      await delay(10_000)
      const open = others.filter((_, index) => taken[index]?.status === 'fulfilled')
      await Promise.allSettled(open.map((client) => client.end()))
    }
    return underTraffic({ server, database: connection, backWithin: 10_000, cause })
  })
}
