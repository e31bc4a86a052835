import { unavailable } from '../../http/problem.ts'

/**
 * Does the work of a request that has arrived, for no longer than its operation may take. When the time is up the
 * signal is aborted, so that no further step begins, and the caller gets a 503. What a statement under way still does
 * stays done; a repeated request with an Idempotency-Key finds it.
 */
export function withinTime<T>(abort: AbortController, seconds: number, work: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      const detail = `The request was not done within ${seconds} seconds. What had begun may still take effect.`
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
