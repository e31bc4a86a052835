import { availableParallelism } from 'node:os'
import { unavailable } from '../http/problem.ts'
import { createWorkerPool } from '../scheduling/worker-pool.ts'
import { isSmall, type ResultOf, runTextJob, type TextJob } from './jobs.ts'

/** Work on the texts of notes: small work at once, the rest in a few threads, so that the event loop stays free. */
export interface TextWork {
  /**
   * Does a job for a user. Throws a 503 when too many wait, or when it is not done within two seconds. Never to be called in
   * a transaction: it would hold locks and a connection meanwhile.
   */
  readonly run: <J extends TextJob>(job: J, userId: string) => Promise<ResultOf<J>>
  /**
   * Runs `attempt`, which reads in a transaction what a job is made of, asks `done` for its result, and writes. Where the job
   * is too large to be done with a lock held, `done` gives the transaction up; the job is done without it, and the attempt is
   * made again. The result then counts if the note still has the version that the job was made of. Throws a 503 when the note
   * was changed each time, or when all of it together is not done within two seconds.
   */
  readonly whileUnchanged: <J extends TextJob, T>(userId: string, attempt: (done: Done<J>) => Promise<T>) => Promise<T>
  readonly close: () => Promise<void>
}

/** The result of a job that was made of this version of a note. */
export type Done<J extends TextJob> = (version: number, job: J) => ResultOf<J>

/** How often a large job is done again because the note was changed meanwhile. */
const MOST_RETRIES = 3
const QUEUE = 16
const DEADLINE_MS = 2_000
const IDLE_MS = 30_000
/** Three unlike texts of the largest size need about 250 MiB. */
const MEMORY_MB = 512

/** Gives up a transaction for a job that is too large for it. */
class TooLargeHere extends Error {
  readonly #elsewhere: () => Promise<void>
  constructor(elsewhere: () => Promise<void>) {
    super('This job must not be done in a transaction')
    this.#elsewhere = elsewhere
  }

  doElsewhere(): Promise<void> {
    return this.#elsewhere()
  }
}

export function createTextWork(): TextWork {
  const pool = createWorkerPool({
    module: new URL('./worker.ts', import.meta.url),
    // One core is left to the event loop.
    size: Math.max(1, availableParallelism() - 1),
    queue: QUEUE,
    deadlineMs: DEADLINE_MS,
    idleMs: IDLE_MS,
    memoryMb: MEMORY_MB,
    busy: (cause) => unavailable('The server is busy working on other large texts right now.', cause),
  })

  const run = async <J extends TextJob>(job: J, userId: string, deadline: number): Promise<ResultOf<J>> => {
    if (isSmall(job)) return runTextJob(job)
    // What a thread answers is what runTextJob returned there.
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
        throw new TooLargeHere(async () => {
          known = { version, result: await run(job, userId, deadline) }
        })
      }
      for (let retries = 0; ; retries += 1) {
        try {
          return await attempt(done)
        } catch (error) {
          if (!(error instanceof TooLargeHere)) throw error
          if (retries > MOST_RETRIES)
            throw unavailable('The note is being changed faster than this change can be made.')
          await error.doElsewhere()
        }
      }
    },
    close: pool.close,
  }
}
