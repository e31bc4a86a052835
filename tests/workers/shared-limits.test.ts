import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { createLimitKeeper, type LimitKeeper } from '../../src/workers/limit-keeper.ts'
import { createRemoteLimits } from '../../src/workers/shared-limits.ts'

const delayed = <T>(receive: (message: T) => void) => {
  return (message: T): void => void setTimeout(() => receive(JSON.parse(JSON.stringify(message)) as T), 1)
}

/** A worker whose messages arrive later and as JSON, as those between processes do. */
function join(keeper: LimitKeeper) {
  const sent: string[] = []
  const served = keeper.serve(delayed((answer) => limits.receive(answer)))
  const toPrimary = delayed(served.receive)
  const limits = createRemoteLimits((request) => {
    sent.push(request.kind)
    toPrimary(request)
  })
  return { ...limits, end: served.end, sent }
}

const busy = (cause?: unknown): Error => new Error('busy', { cause })
const options = { slots: 2, queue: 2, waitMs: 5_000, busy }
/** Work that goes on until it is ended, and what is known of it meanwhile. */
function longWork() {
  const { promise, resolve } = Promise.withResolvers<void>()
  let running = 0
  const work = async (): Promise<void> => {
    running += 1
    await promise
    running -= 1
  }
  return { work, running: () => running, end: resolve }
}

test('the slots of a gate are for all workers together, and go to the next one in the queue', async () => {
  const keeper = createLimitKeeper()
  const gates = [join(keeper), join(keeper)].map(({ createGate }) => createGate('passwords', options))
  const first = longWork()
  const later = longWork()
  const runs = gates.map((gate) => gate.run(first.work))
  await expect.poll(first.running).toBe(2)
  const waiting = gates.map((gate) => gate.run(later.work))
  await delay(20)
  expect(later.running()).toBe(0)
  await expect(gates[0]?.run(later.work)).rejects.toThrow('busy')
  first.end()
  await Promise.all(runs)
  await expect.poll(later.running).toBe(2)
  later.end()
  await Promise.all(waiting)
})

test('gates with other names or other limits have slots of their own', async () => {
  const { createGate } = join(createLimitKeeper())
  const { work, running, end } = longWork()
  const one = { ...options, slots: 1 }
  const gates = [createGate('passwords', one), createGate('texts', one), createGate('texts', options)]
  const runs = gates.map((gate) => gate.run(work))
  await expect.poll(running).toBe(3)
  end()
  await Promise.all(runs)
})

test('the slots of a worker that ended are free again', async () => {
  const keeper = createLimitKeeper()
  const [gone, other] = [join(keeper), join(keeper)]
  const { work, running } = longWork()
  for (let count = 0; count < 2; count += 1) void gone.createGate('texts', options).run(work)
  await expect.poll(running).toBe(2)
  gone.end()
  await expect(other.createGate('texts', options).run(async () => 'done')).resolves.toBe('done')
})

test('a request that is given up leaves the queue, also when its slot was just given', async () => {
  const keeper = createLimitKeeper()
  const gate = join(keeper).createGate('texts', { ...options, slots: 1 })
  const { work, running, end } = longWork()
  const held = gate.run(work)
  await expect.poll(running).toBe(1)
  const leaving = new AbortController()
  const waiting = gate.run(async () => 'never', { signal: leaving.signal })
  await delay(10)
  leaving.abort(new Error('gone'))
  await expect(waiting).rejects.toMatchObject({ message: 'busy', cause: { message: 'gone' } })
  end()
  await held
  // Aborted before the answer can have come.
  const early = new AbortController()
  const second = gate.run(async () => 'never', { signal: early.signal })
  early.abort(new Error('gone'))
  await expect(second).rejects.toThrow('busy')
  await expect(gate.run(async () => 'free')).resolves.toBe('free')
})

test('work that fails gives its slot back, and its error is passed on', async () => {
  const gate = join(createLimitKeeper()).createGate('texts', { ...options, slots: 1 })
  await expect(gate.run(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
  await expect(gate.run(async () => 'free')).resolves.toBe('free')
})

test('a wait ends after the patience of the request', async () => {
  const gate = join(createLimitKeeper()).createGate('texts', { ...options, slots: 1 })
  const { work, running, end } = longWork()
  const held = gate.run(work)
  await expect.poll(running).toBe(1)
  await expect(gate.run(work, { patienceMs: 20 })).rejects.toThrow('busy')
  expect(running()).toBe(1)
  end()
  await held
})

test('workers take from one quota, and the requests of one moment are one message', async () => {
  const keeper = createLimitKeeper()
  const workers = [join(keeper), join(keeper)]
  const request = { key: 'user:a', quota: 50, windowSeconds: 60, weight: 1 }
  const takes = workers.flatMap(({ take }) => Array.from({ length: 40 }, async () => take(request)))
  const taken = await Promise.all(takes)
  expect(taken.filter(({ isAllowed }) => isAllowed)).toHaveLength(50)
  expect(workers.map(({ sent }) => sent)).toEqual([['take'], ['take']])
  await expect(workers[0]?.take({ ...request, key: 'user:b' })).resolves.toMatchObject({ remaining: 49 })
})

test('without its primary a worker admits nothing, and counts units on its own', async () => {
  const worker = join(createLimitKeeper())
  const gate = worker.createGate('texts', { ...options, slots: 1 })
  const { work, running, end } = longWork()
  const held = gate.run(work)
  await expect.poll(running).toBe(1)
  const waiting = gate.run(work)
  waiting.catch(() => undefined)
  worker.close()
  await expect(waiting).rejects.toThrow('busy')
  await expect(gate.run(work)).rejects.toThrow('busy')
  const request = { key: 'user:a', quota: 1, windowSeconds: 60, weight: 1 }
  expect(await worker.take(request)).toMatchObject({ isAllowed: true })
  expect(await worker.take(request)).toMatchObject({ isAllowed: false })
  end()
  await held
})
