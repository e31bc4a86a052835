import { afterAll, expect, test, vi } from 'vitest'
import { createTextWork } from '../../src/text/text-work.ts'
import type { DiffJob } from '../../src/text/jobs.ts'

const work = createTextWork()
afterAll(() => work.close())

const labels = { before: 'a', after: 'b' }
const large: DiffJob = { kind: 'diff', before: 'a\n'.repeat(10_000), after: 'b\n', labels }

test('a large job whose note keeps changing is retried at most three times, and then is a 503', async () => {
  let version = 0
  const attempt = work.whileUnchanged<DiffJob, string>('u', async (done) => {
    version += 1
    return done(version, large)
  })
  await expect(attempt).rejects.toMatchObject({ slug: 'unavailable', status: 503, headers: { 'Retry-After': 2 } })
  // Once to find the job, then once after each of its four runs.
  expect(version).toBe(5)
})

test('a result is used only for the version that it was made from', async () => {
  const versions = [1, 2, 2]
  const seen: number[] = []
  const diff = await work.whileUnchanged<DiffJob, string>('u', async (done) => {
    const version = versions[seen.length] ?? 0
    seen.push(version)
    return done(version, { ...large, labels: { before: `version ${version}`, after: 'b' } })
  })
  expect(seen).toEqual([1, 2, 2])
  expect(diff).toMatch(/^--- version 2\n/)
})

test('all attempts together may take two seconds', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  try {
    let attempts = 0
    const attempt = work.whileUnchanged<DiffJob, string>('u', async (done) => {
      attempts += 1
      if (attempts === 2) vi.advanceTimersByTime(2_000)
      return done(attempts, large)
    })
    await expect(attempt).rejects.toMatchObject({ slug: 'unavailable', headers: { 'Retry-After': 2 } })
    expect(attempts).toBe(2)
  } finally {
    vi.useRealTimers()
  }
})

test('a small job runs in the calling thread, in one attempt', async () => {
  let attempts = 0
  const diff = await work.whileUnchanged<DiffJob, string>('u', async (done) => {
    attempts += 1
    return done(1, { kind: 'diff', before: 'a\n', after: 'b\n', labels })
  })
  expect(attempts).toBe(1)
  expect(diff).toContain('-a\n+b\n')
})

test('an attempt that fails otherwise than by a missing job is not repeated', async () => {
  await expect(work.whileUnchanged('u', async () => Promise.reject(new Error('of its own')))).rejects.toThrow(
    'of its own',
  )
})
