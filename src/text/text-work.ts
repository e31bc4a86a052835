import { availableParallelism } from 'node:os'
import { type Problem, unavailable } from '../http/problem.ts'
import { type CreateGate, createOwnGate } from '../scheduling/fair-gate.ts'
import { createWorkerPool } from '../scheduling/worker-pool.ts'
import { isSmall, type ResultOf, runTextJob, type TextJob } from './jobs.ts'

/** Work on the texts of notes: small jobs run at once, the rest in a few threads, so that the event loop stays free. */
export interface TextWork {
  /**
   * Runs a job for a user. Throws a 503 when too many jobs wait, or when it is not done within two seconds. Never call
   * this in a transaction, which would hold locks and a connection while the job runs.
   */
  readonly run: <J extends TextJob>(job: J, userId: string) => Promise<ResultOf<J>>
  /**
   * Runs `attempt`, which opens a transaction, reads the input of a job, gets its result from `done`, and writes. If
   * the job is too large to run while a lock is held, `done` throws to abandon the transaction; the job then runs
   * outside it, and the attempt is made again. The result is used if the note still has the version that the job was
   * made from. Throws a 503 if the note changed each time, or if all of this takes more than two seconds.
   */
  readonly whileUnchanged: <J extends TextJob, T>(userId: string, attempt: (done: Done<J>) => Promise<T>) => Promise<T>
  readonly close: () => Promise<void>
}

/** Returns the result of a job that was made from this version of a note. */
export type Done<J extends TextJob> = (version: number, job: J) => ResultOf<J>

/** How often a large job is repeated because the note has changed. */
const MAX_RETRIES = 3
const QUEUE = 16
const DEADLINE_MS = 2_000
const IDLE_MS = 30_000
/** Merging three unlike texts of the largest size needs about 250 MiB. */
const MEMORY_MB = 512

/** Thrown to abandon a transaction for a job that is too large to run in it. */
class TooLargeForTransaction extends Error {
  readonly #runOutside: () => Promise<void>
  constructor(runOutside: () => Promise<void>) {
    super('This job is too large to run in a transaction')
    this.#runOutside = runOutside
  }

  runOutside(): Promise<void> {
    return this.#runOutside()
  }
}

export function createTextWork(createGate: CreateGate = createOwnGate): TextWork {
  // Leave one core to the event loop.
  const slots = Math.max(1, availableParallelism() - 1)
  const pool = createWorkerPool({
    module: new URL('./worker.ts', import.meta.url),
    gate: createGate('texts', { slots, queue: QUEUE, waitMs: DEADLINE_MS, busy: busyWithTexts }),
    deadlineMs: DEADLINE_MS,
    idleMs: IDLE_MS,
    memoryMb: MEMORY_MB,
    busy: busyWithTexts,
  })

  const run = async <J extends TextJob>(job: J, userId: string, deadline: number): Promise<ResultOf<J>> => {
    if (isSmall(job)) return runTextJob(job)
    // The thread sends back what runTextJob returned there.
    return (await pool.run(job, userId, deadline)) as ResultOf<J>
  }

  return {
    run: (job, userId) => run(job, userId, performance.now() + DEADLINE_MS),
    whileUnchanged: async <J extends TextJob, T>(
      userId: string,
      attempt: (done: Done<J>) => Promise<T>,
    ): Promise<T> => {
      const deadline = performance.now() + DEADLINE_MS
      let known: { readonly version: number; readonly result: ResultOf<J> } | undefined
      const done: Done<J> = (version, job) => {
        if (known?.version === version) return known.result
        if (isSmall(job)) return runTextJob(job)
        throw new TooLargeForTransaction(async () => {
          known = { version, result: await run(job, userId, deadline) }
        })
      }
      for (let retries = 0; ; retries += 1) {
        try {
          return await attempt(done)
        } catch (error) {
          if (!(error instanceof TooLargeForTransaction)) throw error
          if (retries > MAX_RETRIES) throw unavailable('The note is being changed faster than this change can be made.')
          await error.runOutside()
        }
      }
    },
    close: pool.close,
  }
}

function busyWithTexts(cause?: unknown): Problem {
  return unavailable('The server is busy working on other large texts right now.', cause)
}
