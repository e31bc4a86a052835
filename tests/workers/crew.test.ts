import pino from 'pino'
import { expect, test } from 'vitest'
import { StartupError } from '../../src/startup-error.ts'
import { createCrew } from '../../src/workers/crew.ts'
import type { WorkerProcess } from '../../src/workers/worker-process.ts'

/** Workers that a test makes serve, fail and end. */
function fakeWorkers() {
  const made: FakeWorker[] = []
  const fork = (): WorkerProcess => {
    const ready = Promise.withResolvers<string>()
    const ended = Promise.withResolvers<string>()
    ready.promise.catch(() => undefined)
    const orders: string[] = []
    const worker = {
      id: made.length + 1,
      forkedAt: performance.now(),
      ready: ready.promise,
      ended: ended.promise,
      metrics: async () => [],
      stop: (how: string) => void orders.push(how),
      kill: () => {
        orders.push('kill')
        worker.end('SIGKILL')
      },
      serve: () => ready.resolve('1.0.0'),
      refuse: (error: Error) => ready.reject(error),
      end: (how: string) => {
        ready.reject(new Error(`it ended with ${how}`))
        ended.resolve(how)
      },
      orders,
    }
    made.push(worker)
    return worker
  }
  return { made, fork }
}
interface FakeWorker extends WorkerProcess {
  readonly forkedAt: number
  readonly serve: () => void
  readonly refuse: (error: Error) => void
  readonly end: (how: string) => void
  readonly orders: readonly string[]
}

function open(times: Parameters<typeof createCrew>[0]['times'] = {}) {
  const lines: string[] = []
  const stream = { write: (line: string) => void lines.push((JSON.parse(line) as { msg: string }).msg) }
  const { made, fork } = fakeWorkers()
  const crew = createCrew({ size: 2, fork, log: pino({}, stream), times: { firstPause: 20, ...times } })
  return { crew, made, lines }
}
const forked = (made: readonly unknown[], count: number) => expect.poll(() => made.length).toBe(count)

test('a crew is ready when all of its workers serve', async () => {
  const { crew, made } = open()
  let isReady = false
  void crew.ready.then(() => (isReady = true))
  made[0]?.serve()
  await Promise.resolve()
  expect(isReady).toBe(false)
  made[1]?.serve()
  await crew.ready
})

test('a crew is not ready if a first worker does not start', async () => {
  const { crew, made } = open()
  made[0]?.serve()
  made[1]?.refuse(new StartupError('PORT 80 is in use'))
  await expect(crew.ready).rejects.toThrow('PORT 80 is in use')
})

test('a worker that ends is replaced, after pauses that grow up to a bound', async () => {
  const { crew, made, lines } = open({ longestPause: 80 })
  for (const worker of made) worker.serve()
  await crew.ready
  let before = performance.now()
  const pauses = []
  for (let count = 2; count < 7; count += 1) {
    made[count - 1]?.end('exit code 1')
    await forked(made, count + 1)
    pauses.push((made[count]?.forkedAt ?? 0) - before)
    before = performance.now()
    made[count]?.serve()
    await made[count]?.ready
  }
  for (const [index, least] of [20, 40, 80, 80, 80].entries()) expect(pauses[index]).toBeGreaterThanOrEqual(least - 2)
  expect(lines.filter((line) => line.includes('ended with'))).toEqual([
    'worker 2 ended with exit code 1; another worker is started in 0.02 s',
    'worker 3 ended with exit code 1; another worker is started in 0.04 s',
    'worker 4 ended with exit code 1; another worker is started in 0.08 s',
    'worker 5 ended with exit code 1; another worker is started in 0.08 s',
    'worker 6 ended with exit code 1; another worker is started in 0.08 s',
  ])
})

test('after a worker that served for long, the pauses begin anew', async () => {
  const { crew, made, lines } = open({ stable: 30 })
  for (const worker of made) worker.serve()
  await crew.ready
  made[0]?.end('SIGKILL')
  await forked(made, 3)
  made[2]?.serve()
  await expect.poll(() => lines).toContain('worker 3 serves')
  await new Promise((resolve) => setTimeout(resolve, 40))
  made[2]?.end('SIGSEGV')
  await forked(made, 4)
  expect(lines).toContain('worker 3 ended with SIGSEGV; another worker is started in 0.02 s')
})

test('a successor that does not start is tried again, and says why', async () => {
  const { crew, made, lines } = open()
  for (const worker of made) worker.serve()
  await crew.ready
  made[0]?.end('SIGKILL')
  await forked(made, 3)
  made[2]?.refuse(new StartupError('the database', 'is gone'))
  await forked(made, 4)
  expect(made[2]?.orders).toEqual(['kill'])
  expect(lines).toContain('worker 3 does not start: the database; is gone; another worker is started in 0.04 s')
  made[3]?.serve()
  await expect.poll(() => lines).toContain('worker 4 serves')
})

test('a reload replaces one worker after the other, each when its successor serves', async () => {
  const { crew, made } = open()
  for (const worker of made) worker.serve()
  await crew.ready
  const reloaded = crew.reload()
  await forked(made, 3)
  expect(made.map(({ orders }) => orders)).toEqual([[], [], []])
  made[2]?.serve()
  await expect.poll(() => made[0]?.orders).toEqual(['hand-over'])
  expect(made).toHaveLength(3)
  made[0]?.end('exit code 0')
  await forked(made, 4)
  made[3]?.serve()
  await expect.poll(() => made[1]?.orders).toEqual(['hand-over'])
  made[1]?.end('exit code 0')
  await expect(reloaded).resolves.toBe('1.0.0')
  // What was replaced is not started again.
  await new Promise((resolve) => setTimeout(resolve, 60))
  expect(made).toHaveLength(4)
})

test('a reload ends, and the old workers go on, if a successor is refused or does not serve in time', async () => {
  const { crew, made } = open({ start: 50 })
  for (const worker of made) worker.serve()
  await crew.ready
  const refused = crew.reload()
  await forked(made, 3)
  made[2]?.refuse(new StartupError('migrations are pending'))
  await expect(refused).rejects.toThrow('migrations are pending')
  await expect(crew.reload()).rejects.toThrow('worker 4 does not start: it did not serve within 0.05 s')
  expect(made.map(({ orders }) => orders)).toEqual([[], [], ['kill'], ['kill']])
})

test('a worker that takes too long to end is killed', async () => {
  const { crew, made } = open({ stop: 30 })
  for (const worker of made) worker.serve()
  await crew.ready
  const stopped = crew.stop()
  made[0]?.end('exit code 0')
  await stopped
  expect(made.map(({ orders }) => orders)).toEqual([['stop'], ['stop', 'kill']])
  expect(made).toHaveLength(2)
})
