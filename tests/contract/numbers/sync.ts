import { sql } from 'kysely'
import { expect, vi } from 'vitest'
import { noteLimits } from '../../../generated/limits.ts'
import { renewEpoch } from '../../../src/changes/core/epoch.ts'
import { purgeChanges } from '../../../src/changes/core/purge-changes.ts'
import { Heartbeats } from '../../../src/http/heartbeats.ts'
import { newNote } from '../../notes/new-note.ts'
import { openStream } from '../../support/event-stream.ts'
import { type Answer, form, logIn, type Person } from '../../support/people.ts'
import { startServer } from '../../support/server.ts'
import { document, operationCalled, operations } from '../harness/document-examples.ts'
import { about, claim, INFO, type Measure } from './claims.ts'
import { type Lab, STEP } from './lab.ts'

const streams = about('streamChanges')
const REFUSED = '/components/responses/TooManyStreams'

function follow({ server }: Lab, { accessToken }: Person) {
  return openStream(`${server.url}/changes/stream`, { Authorization: `Bearer ${accessToken}` })
}

function kindsIn({ body }: Answer): unknown[] {
  return (body['changes'] as Record<string, unknown>[]).map(({ kind }) => kind)
}

/** A cursor that is older than the erasing of a note is good as long as the erasing is listed. */
const erasedListed: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const { path, id } = await newNote(person)
  const { cursor } = (await person.ask('GET', '/changes')).body
  await person.ask('DELETE', path)
  await person.ask('DELETE', `/trash/${id}`)
  await lab.clock.pass(value)
  await purgeChanges(lab.server.db, () => false)
  const later = await logIn(lab.server, person.email, person.password)
  const after = (): Promise<Answer> => later.ask('GET', `/changes?cursor=${String(cursor)}`)
  expect(kindsIn(await after())).toEqual(['erase'])
  await lab.clock.pass(STEP)
  await purgeChanges(lab.server.db, () => false)
  expect((await after()).status).toBe(410)
}

/** Notes whose texts together have as many bytes are a page, and a byte more begins the next page. */
const mostOnPage: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  const largest = noteLimits.content
  const count = value / largest
  for (let made = 0; made < count; made += 1) {
    const { id } = await newNote(person)
    await sql`update notes set content = repeat('x', ${largest}::int) where id = ${id}`.execute(lab.server.db)
  }
  const full = await person.ask('GET', '/changes')
  expect([kindsIn(full).length, full.body['has_more']]).toEqual([count, false])
  await newNote(person, { content: 'x' })
  const page = await person.ask('GET', '/changes')
  expect([kindsIn(page).length, page.body['has_more']]).toEqual([count, true])
}

/** The median of some changes: a machine may be busy once. */
const arrivesWithin: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  await using stream = await follow(lab, person)
  await stream.until('ready')
  const waits: number[] = []
  for (let count = 0; count < 5; count += 1) {
    await newNote(person)
    const made = performance.now()
    await stream.next()
    waits.push(performance.now() - made)
  }
  expect(waits.toSorted((a, b) => a - b)[2]).toBeLessThan(value * 1_000)
}

const endsWithin: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  await using stream = await follow(lab, person)
  await stream.until('ready')
  await person.ask('POST', '/auth/revoke', form({ token: person.refreshToken }))
  const ended = performance.now()
  expect(await stream.rest()).toMatchObject([{ event: 'end' }])
  expect(performance.now() - ended).toBeLessThan(value * 1_000)
}

/** tests/contract/streams.test.ts holds the server to this clock, with a shorter time. */
const idleTime: Measure = async ({ value }) => expect(operationCalled('streamChanges').timeoutSeconds).toBe(value)

/** The same, for the work on a request. */
const workTime: Measure = async ({ value }) => {
  expect(document.root['x-timeout-seconds']).toBe(value)
  expect(new Set(operations.map(({ timeoutSeconds }) => timeoutSeconds))).toEqual(new Set([value]))
}

/** The clock of the lab does not move timers, so the seconds pass, and a comment is sent, by hand. */
const commentEvery: Measure = async ({ value }, lab) => {
  const heartbeats = new Heartbeats()
  const moments: number[] = []
  let second = 0
  const stop = heartbeats.add(() => void moments.push(second))
  for (; second < 4 * value; second += 1) heartbeats.tick()
  stop()
  const [first = Number.NaN] = moments
  expect(moments).toEqual([0, 1, 2, 3].map((count) => first + count * value))

  const person = await lab.person()
  const added = vi.spyOn(Heartbeats.prototype, 'add')
  const abort = new AbortController()
  const headers = { Authorization: `Bearer ${person.accessToken}` }
  const response = await fetch(`${lab.server.url}/changes/stream`, { headers, signal: abort.signal })
  const reader = response.body?.getReader()
  const read = async (): Promise<string> => Buffer.from((await reader?.read())?.value ?? []).toString()
  try {
    expect(await read()).toContain('event: ready')
    expect(added).toHaveBeenCalledTimes(1)
    added.mock.calls[0]?.[0]()
    expect(await read()).toBe(':\n\n')
  } finally {
    abort.abort()
    added.mockRestore()
  }
}

const mostStreams: Measure = async ({ value }, lab) => {
  const person = await lab.person()
  await using stack = new AsyncDisposableStack()
  for (let count = 1; count <= value; count += 1) {
    const stream = stack.use(await follow(lab, person))
    expect(stream.status, `stream ${count}`).toBe(200)
  }
  expect((await person.ask('GET', '/changes/stream')).status).toBe(429)
}

const statusBeyond =
  (beyond: (lab: Lab) => Promise<Answer>): Measure =>
  async ({ value }, lab) =>
    expect((await beyond(lab)).status).toBe(value)

const streamBeyond = statusBeyond(async (lab) => {
  const person = await lab.person()
  await using stack = new AsyncDisposableStack()
  for (let count = 0; count < 20; count += 1) stack.use(await follow(lab, person))
  return await person.ask('GET', '/changes/stream')
})

const afterRestore = statusBeyond(async ({ server, person }) => {
  const ann = await person()
  const { cursor } = (await ann.ask('GET', '/changes')).body
  await renewEpoch(server.db)
  return ann.ask('GET', `/changes?cursor=${String(cursor)}`)
})

const afterNewKey = statusBeyond(async ({ server, person }) => {
  const { ask, email, password } = await person()
  const { cursor } = (await ask('GET', '/changes')).body
  const secretKeys = ['another-secret-key-of-32-or-more-bytes'] as const
  const other = await startServer({ db: server.db, secretKeys, isRecorded: false })
  try {
    return await (await logIn(other, email, password)).ask('GET', `/changes?cursor=${String(cursor)}`)
  } finally {
    await other.stop()
  }
})

/**
 * tests/contract/streams.test.ts lets the time of an operation pass. Here every operation may answer so, but getLiveness,
 * whose handler waits for nothing.
 */
const unavailable: Measure = async ({ value }) => {
  const without = operations.filter(({ responses }) => !responses.has(value))
  expect(without.map(({ operationId }) => operationId)).toEqual(['getLiveness'])
}

export const syncClaims = [
  claim(about('listChanges'), 'stays in the list for #.', erasedListed),
  claim(about('listChanges'), 'An older cursor answers #,', afterRestore),
  claim(about('listChanges'), 'the key that signed a cursor, it answers #.', afterNewKey),
  claim('/components/parameters/ChangesCursor/description', 'as after a #.', afterRestore),
  claim(about('listChanges'), 'have more than # of text', mostOnPage),
  claim(streams, 'usually within #.', arrivesWithin),
  claim(streams, '`end` within # after its credential ends', endsWithin),
  claim(streams, 'cannot send for # is disconnected', idleTime),
  claim(streams, 'A comment every # keeps', commentEvery),
  claim(streams, 'An account may have # streams open at each server.', mostStreams),
  claim(INFO, '| open streams of an account at each server | # | # with `Retry-After` |', mostStreams, streamBeyond),
  claim(INFO, '| work on a request that has arrived | # | #;', workTime, unavailable),
  claim('/components/responses/TooManyStreams/description', 'The account has # streams open', mostStreams),
  claim(
    `${REFUSED}/content/application~1problem+json/examples/tooManyStreams/value/detail`,
    'have # open',
    mostStreams,
  ),
]
