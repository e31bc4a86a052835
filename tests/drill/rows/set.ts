import { setTimeout as delay } from 'node:timers/promises'
import { freePort } from '../../support/process.ts'
import { judge } from '../judge.ts'
import { findings, type Finding, type Row } from '../row.ts'
import { startTraffic } from '../traffic.ts'
import { openDatabase, problemsOf, startServer } from '../world.ts'

/** One fault after the other while four writers go on for a minute. */
export const setRows: readonly Row[] = [
  { fault: 'several faults in a minute, four writers', promised: 'nothing lost, nothing twice', run: mixFaults },
]

const SECONDS = 60

async function mixFaults(): Promise<Finding> {
  const { broken, expect } = findings()
  const database = await openDatabase()
  try {
    const env = { ...database.env, PORT: String(await freePort()) }
    let server = await startServer(env)
    const faults: [name: string, cause: () => Promise<unknown> | undefined][] = [
      ['connections cut', async () => database.proxy.cut()],
      ['PostgreSQL immediate', async () => process.kill(database.postmaster(), 'SIGQUIT')],
      [
        'server killed',
        async () => {
          await server.end('SIGKILL')
          server = await startServer(env)
        },
      ],
      [
        'packets swallowed for 3 s',
        async () => {
          database.proxy.swallow()
          await delay(3_000)
          database.proxy.restore()
        },
      ],
      ['PostgreSQL fast', async () => process.kill(database.postmaster(), 'SIGINT')],
    ]
    const traffic = await startTraffic(server)
    const end = performance.now() + SECONDS * 1_000
    let count = 0
    for (; performance.now() < end; count += 1) {
      await delay(4_000)
      await faults[count % faults.length]?.[1]()
    }
    await delay(3_000)
    await traffic.end()
    const verdict = await judge(traffic, { url: server.url, database: database.connection })
    for (const problem of problemsOf(verdict, ['gone'])) expect(false, problem)
    await server.end('SIGTERM')
    return { measured: [`${count} faults: ${faults.map(([name]) => name).join(', ')}`], broken, verdict }
  } finally {
    await database.stop()
  }
}
