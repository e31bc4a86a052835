import { setTimeout as delay } from 'node:timers/promises'
import type { Logger } from 'pino'
import type { ExportedMetrics } from '../metrics/metrics.ts'
import { StartupError } from '../startup-error.ts'
import type { WorkerProcess } from './worker-process.ts'

/** The workers of a server: as many as wanted, whatever ends. */
export interface Crew {
  /** Resolves when all workers serve; rejects if one of the first ones does not start. */
  readonly ready: Promise<void>
  /**
   * Replaces the workers one after the other, each only when its successor serves. Resolves with the version that they
   * run then; rejects with the reason if a successor does not start, and the workers that are left go on.
   */
  readonly reload: () => Promise<string>
  readonly metrics: () => Promise<readonly ExportedMetrics[]>
  /** How many workers serve. */
  readonly size: () => number
  /** Resolves when all workers have ended. */
  readonly stop: () => Promise<void>
}

interface CrewOptions {
  readonly size: number
  readonly fork: () => WorkerProcess
  readonly log: Logger
  readonly times?: Partial<typeof TIMES>
}

/** Milliseconds. */
const TIMES = {
  /** Between the end of a worker and the start of another one; doubled each time, up to the longest. */
  firstPause: 500,
  longestPause: 30_000,
  /** A worker that has served for this long was no failure of its start: the pauses begin anew. */
  stable: 60_000,
  /** How long a worker may take until it serves. */
  start: 60_000,
  /** How long a worker may take to end; it ends by itself earlier. */
  stop: 9_400,
  handOver: 50_000,
}

export function createCrew({ size, fork, log, times: given }: CrewOptions): Crew {
  const times = { ...TIMES, ...given }
  const stopping = new AbortController()
  const { serving, alive, begin, watch, add } = createRoster(fork, log, times, stopping.signal)
  /** Returns the version of the successor. */
  const succeed = async (old: WorkerProcess): Promise<string> => {
    const { id, version } = await add()
    serving.delete(old)
    log.info(`worker ${id} serves in place of worker ${old.id}`)
    await end(old, 'hand-over', times.handOver)
    return version
  }

  const first = Array.from({ length: size }, begin)
  // They wait for the database, so the time for their start is not limited.
  const ready = Promise.all(first.map((worker) => worker.ready.then(() => watch(worker))))
  ready.catch(() => undefined)
  return {
    ready: ready.then(() => undefined),
    reload: async () => {
      let version = ''
      for (const old of Array.from(serving)) {
        // It may have ended meanwhile; then it was replaced.
        if (serving.has(old) && !stopping.signal.aborted) version = await succeed(old)
      }
      return version
    },
    metrics: () => Promise.all(Array.from(alive, ({ metrics }) => metrics())),
    size: () => serving.size,
    stop: async () => {
      stopping.abort()
      await Promise.all(Array.from(alive, (worker) => end(worker, 'stop', times.stop)))
    },
  }
}

/** The workers that there are. Starts another one when one that served ends, until the signal is aborted. */
function createRoster(fork: () => WorkerProcess, log: Logger, times: typeof TIMES, signal: AbortSignal) {
  /** Those that are replaced when they end. */
  const serving = new Set<WorkerProcess>()
  /** All that have not ended. */
  const alive = new Set<WorkerProcess>()
  let failures = 0

  const begin = (): WorkerProcess => {
    const worker = fork()
    alive.add(worker)
    void worker.ended.then(() => alive.delete(worker))
    return worker
  }
  const watch = (worker: WorkerProcess): void => {
    const since = performance.now()
    serving.add(worker)
    void worker.ended.then((how) => {
      if (!serving.delete(worker) || signal.aborted) return
      if (performance.now() - since >= times.stable) failures = 0
      void replace(`worker ${worker.id} ended with ${how}`)
    })
  }
  /** Starts a worker and waits until it serves. Kills one that does not, and rejects with the reason. */
  const add = async (): Promise<{ readonly id: number; readonly version: string }> => {
    const worker = begin()
    try {
      const version = await inTime(worker.ready, times.start)
      watch(worker)
      return { id: worker.id, version }
    } catch (error) {
      worker.kill()
      await worker.ended
      throw new Error(`worker ${worker.id} does not start: ${reasonOf(error)}`, { cause: error })
    }
  }
  const replace = async (reason: string): Promise<void> => {
    const pause = Math.min(times.longestPause, times.firstPause * 2 ** failures)
    failures += 1
    log.error(`${reason}; another worker is started in ${pause / 1_000} s`)
    await delay(pause, undefined, { signal, ref: false }).catch(() => undefined)
    if (signal.aborted) return
    await add().then(
      ({ id }) => log.info(`worker ${id} serves`),
      (error: unknown) => (signal.aborted ? undefined : void replace(reasonOf(error))),
    )
  }
  return { serving, alive, begin, watch, add }
}

/** Why a worker does not start. */
export function reasonOf(error: unknown): string {
  if (error instanceof StartupError) return error.lines.join('; ')
  return error instanceof Error ? error.message : String(error)
}

async function inTime<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  const patience = new AbortController()
  const late = delay(milliseconds, undefined, { signal: patience.signal, ref: false }).then(() => {
    throw new Error(`it did not serve within ${milliseconds / 1_000} s`)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    late.catch(() => undefined)
    patience.abort()
  }
}

/** Ends a worker, by force if it takes too long. */
async function end(worker: WorkerProcess, how: 'stop' | 'hand-over', within: number): Promise<void> {
  worker.stop(how)
  const timer = setTimeout(worker.kill, within)
  await worker.ended
  clearTimeout(timer)
}
