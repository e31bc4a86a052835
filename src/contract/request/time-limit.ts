import { unavailable } from '../../http/problem.ts'

/**
 * Runs a handler within the time limit of its operation. When the time is up, the client gets a 503 and the signal is
 * aborted; a handler that watches it begins no further step. What has begun may still take effect; a retry with the
 * same Idempotency-Key gets its reply.
 */
export function withinTime<T>(abort: AbortController, seconds: number, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      const detail = `The request did not finish within ${seconds} s. What it had begun may still take effect.`
      const problem = unavailable(detail)
      abort.abort(problem)
      reject(problem)
    }
    const timer = setTimeout(giveUp, seconds * 1_000)
    timer.unref()
    work()
      .finally(() => clearTimeout(timer))
      .then(resolve, reject)
  })
}
