import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'

const MAX_MS = 9_000

/** Fails as an assertion does if nothing comes of a promise, and not only when the time of the test is up. */
export async function inTime<T>(what: string, promise: Promise<T>): Promise<T> {
  const settled = new AbortController()
  const late = delay(MAX_MS, undefined, { signal: settled.signal }).then(() => expect.fail(`Not in time: ${what}`))
  try {
    return await Promise.race([promise, late])
  } finally {
    late.catch(() => undefined)
    settled.abort()
  }
}
