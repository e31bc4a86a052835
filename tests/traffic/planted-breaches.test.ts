import { beforeAll, expect, test } from 'vitest'
import { plant } from './breach.ts'
import { breaches } from './breaches.ts'
import { exercise } from './exercise/exercise.ts'
import { invariants } from './invariants/all.ts'
import { judge } from './invariants/invariant.ts'
import { readTraffic } from './invariants/seen.ts'
import { recordedIn, type Recording, TRAFFIC } from './recorder.ts'

let recording: Recording

beforeAll(async () => {
  const server = await exercise()
  await server.stop()
  const { exchanges, abandoned, servers, causes } = recordedIn(process.env[TRAFFIC] ?? '')
  const isMine = ({ server: id }: { readonly server: string }): boolean => id === server.recordingId
  const mine = servers.filter(({ id }) => id === server.recordingId)
  recording = {
    exchanges: exchanges.filter(isMine),
    abandoned: abandoned.filter(isMine),
    servers: mine,
    causes: causes.filter(isMine),
  }
})

test('traffic without a breach is found by no invariant', () => {
  const traffic = readTraffic(recording)
  expect(traffic.seen.length).toBeGreaterThan(400)
  expect(invariants.flatMap((invariant) => judge(invariant, traffic).findings)).toEqual([])
})

test.each(invariants)('a breach of "$title" is found wherever it is planted', (invariant) => {
  const planted = breaches[invariant.title] ?? []
  expect(planted.length).toBeGreaterThan(1)
  for (const breach of planted) {
    const lying = plant(recording, breach)
    if (lying === undefined) throw new Error(`Nothing was recorded to plant ${breach.answer} in`)
    expect.soft(judge(invariant, readTraffic(lying)).findings, breach.answer).not.toEqual([])
  }
})

test('what a failure was logged with is found in its answer', () => {
  const failure = recording.exchanges.find(({ status }) => status === 404)
  const requestId = failure?.headers['x-request-id'] ?? ''
  const causes = [{ server: failure?.server ?? '', requestId, texts: ['There is no such note.'] }]
  const findings = invariants.flatMap((invariant) => judge(invariant, readTraffic({ ...recording, causes })).findings)
  expect(findings).toHaveLength(1)
})
