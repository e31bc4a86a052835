import { afterEach, expect, test } from 'vitest'
import { createFairGate } from '../../src/scheduling/fair-gate.ts'
import { createWorkerPool, type WorkerPool } from '../../src/scheduling/worker-pool.ts'

const pools: WorkerPool[] = []
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())))

function busy(cause?: unknown): Error {
  return new Error('busy', { cause })
}

function open(options: { size?: number; queue?: number; deadlineMs?: number; idleMs?: number } = {}): WorkerPool {
  const { size = 1, queue = 4, deadlineMs = 10_000, idleMs = 10_000 } = options
  const module = new URL('test-worker.ts', import.meta.url)
  const gate = createFairGate({ slots: size, queue, waitMs: deadlineMs, busy })
  const pool = createWorkerPool({ module, gate, deadlineMs, idleMs, memoryMb: 64, busy })
  pools.push(pool)
  return pool
}

test('one thread does one job after the other, and no more threads start than there may be', async () => {
  const pool = open({ size: 2 })
  const threads = await Promise.all(Array.from({ length: 6 }, (_, index) => pool.run('who', String(index))))
  expect(new Set(threads).size).toBe(2)
  expect(threads).toContain(await pool.run('who', 'later'))
})

test('a job that takes too long is ended at its deadline, with its thread, and the next one is done', async () => {
  const pool = open({ deadlineMs: 1_000 })
  const first = await pool.run('who', 'a')
  await expect(pool.run('block', 'a')).rejects.toThrow('busy')
  await expect(pool.run('who', 'a')).resolves.not.toBe(first)
})

test('the time in the queue counts: what waits behind a job that takes too long is refused no later', async () => {
  const pool = open({ deadlineMs: 1_000 })
  const started = performance.now()
  const outcomes = await Promise.allSettled([pool.run('block', 'a'), pool.run('block', 'b')])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  // One after the other they would take two seconds.
  expect(performance.now() - started).toBeLessThan(1_800)
})

test('beyond the queue a job is refused at once', async () => {
  const pool = open({ queue: 1, deadlineMs: 1_000 })
  const [running, waiting] = [pool.run('block', 'a'), pool.run('who', 'b')]
  const outcomes = Promise.allSettled([running, waiting])
  await expect(Promise.race([pool.run('who', 'c'), running, waiting])).rejects.toMatchObject({
    message: 'busy',
    cause: undefined,
  })
  await outcomes
})

test('a job that needs too much memory ends its thread and nothing else', async () => {
  const pool = open({ deadlineMs: 30_000 })
  await expect(pool.run('fill', 'a')).rejects.toMatchObject({
    message: 'busy',
    cause: { code: 'ERR_WORKER_OUT_OF_MEMORY' },
  })
  expect(await pool.run('who', 'a')).toEqual(expect.any(Number))
}, 30_000)

test('what a job throws reaches its caller, and its thread goes on', async () => {
  const pool = open()
  const thread = await pool.run('who', 'a')
  await expect(pool.run('throw', 'a')).rejects.toThrow('the job failed')
  expect(await pool.run('who', 'a')).toBe(thread)
})

test('a thread that ends by itself fails its job, and another one takes its place', async () => {
  const pool = open()
  await expect(pool.run('exit', 'a')).rejects.toThrow('busy')
  expect(await pool.run('who', 'a')).toEqual(expect.any(Number))
})

test('a thread without a job ends after a while', async () => {
  const pool = open({ idleMs: 50 })
  const first = await pool.run('who', 'a')
  await expect.poll(() => pool.run('who', 'a'), { interval: 200 }).not.toBe(first)
})

test('a closed pool fails what is under way and takes nothing more', async () => {
  const pool = open()
  const running = expect(pool.run('block', 'a')).rejects.toThrow('busy')
  await pool.close()
  await running
  await expect(pool.run('who', 'a')).rejects.toThrow('busy')
})
