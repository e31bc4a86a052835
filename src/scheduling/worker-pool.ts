import { Worker } from 'node:worker_threads'
import type { FairGate } from './fair-gate.ts'

/** Threads for work that would block the event loop. Each does one job at a time. */
export interface WorkerPool {
  /**
   * Runs a job and resolves with its result. Keys share the queue fairly. Throws what `busy` makes when the queue is
   * full, when the job is not done by its deadline, or when it needs too much memory. A job that is part of a longer
   * task passes that task's deadline, on the clock of `performance.now()`.
   */
  readonly run: (job: unknown, key: string, deadline?: number) => Promise<unknown>
  /** Ends all threads; a running job fails. */
  readonly close: () => Promise<void>
}

interface PoolOptions {
  /** A module that replies to each message with one message: a JobOutcome. */
  readonly module: URL
  /** As many threads as it has slots are started when they are needed. They end when they are idle. */
  readonly gate: FairGate
  /** From the call until the result, in milliseconds; a thread that takes longer is terminated. */
  readonly deadlineMs: number
  /** How long a thread stays without a job, in milliseconds. */
  readonly idleMs: number
  /** Memory that a job may use, in MiB, not counting the texts it is given. */
  readonly memoryMb: number
  readonly busy: (cause?: unknown) => Error
}

/** What a thread sends back: the result of the job, or the error it threw. */
export type JobOutcome = { readonly result: unknown } | { readonly error: unknown }

interface Idle {
  readonly worker: Worker
  readonly timer: NodeJS.Timeout
}

export function createWorkerPool(options: PoolOptions): WorkerPool {
  const { module, gate, deadlineMs, idleMs, memoryMb, busy } = options
  /** Used as a stack: the thread used last is taken first, so that the others can end. */
  const idle: Idle[] = []
  const alive = new Set<Worker>()
  let isClosed = false

  const start = (): Worker => {
    const worker = new Worker(module, { execArgv: [], env: {}, resourceLimits: { maxOldGenerationSizeMb: memoryMb } })
    alive.add(worker)
    worker.once('exit', () => alive.delete(worker))
    // Without a job an error has no other listener. With one, it fails that job.
    worker.on('error', () => undefined)
    return worker
  }

  const take = (): Worker => {
    const last = idle.pop()
    if (last === undefined) return start()
    clearTimeout(last.timer)
    last.worker.ref()
    return last.worker
  }

  const giveBack = (worker: Worker): void => {
    if (isClosed) return void worker.terminate()
    const timer = setTimeout(() => {
      idle.splice(
        idle.findIndex((entry) => entry.worker === worker),
        1,
      )
      void worker.terminate()
    }, idleMs).unref()
    worker.unref()
    idle.push({ worker, timer })
  }

  const work = async (job: unknown, deadline: number): Promise<unknown> => {
    // The pool may have been closed while the job waited.
    if (isClosed) throw busy()
    const worker = take()
    return runIn(worker, job, { deadline, busy, giveBack })
  }

  return {
    run: async (job, key, deadline = performance.now() + deadlineMs) => {
      const patienceMs = deadline - performance.now()
      if (patienceMs <= 0) throw busy()
      return gate.run(() => work(job, deadline), { key, patienceMs })
    },
    close: async () => {
      isClosed = true
      for (const { timer } of idle.splice(0)) clearTimeout(timer)
      await Promise.all([...alive].map((worker) => worker.terminate()))
    },
  }
}

interface Run {
  /** In milliseconds, as performance.now() counts them. */
  readonly deadline: number
  readonly busy: PoolOptions['busy']
  /** Takes the thread back after a job. A thread that failed, or is still at work at the deadline, is terminated. */
  readonly giveBack: (worker: Worker) => void
}

/** Does one job in a thread. Rejects with what the job threw, or as `busy` says if the thread did not manage it. */
function runIn(worker: Worker, job: unknown, { deadline, busy, giveBack }: Run): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (isReusable: boolean, finish: () => void): void => {
      clearTimeout(timer)
      worker.removeAllListeners('message')
      worker.off('error', fail)
      worker.off('exit', end)
      if (isReusable) giveBack(worker)
      else void worker.terminate()
      finish()
    }
    const fail = (error: Error & { code?: string }): void => {
      const isTooLarge = error.code === 'ERR_WORKER_OUT_OF_MEMORY'
      settle(false, () => reject(isTooLarge ? busy(error) : error))
    }
    const end = (): void => settle(false, () => reject(busy(new Error('The thread ended'))))
    const timer = setTimeout(
      () => settle(false, () => reject(busy(new Error('The job took too long')))),
      Math.max(0, deadline - performance.now()),
    )
    worker.on('error', fail)
    worker.on('exit', end)
    worker.on('message', (outcome: JobOutcome) => {
      settle(true, () => ('error' in outcome ? reject(outcome.error) : resolve(outcome.result)))
    })
    worker.postMessage(job)
  })
}
