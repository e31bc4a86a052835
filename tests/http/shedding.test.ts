import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { operations } from '../contract/harness/document-examples.ts'
import { allRows } from '../contract/harness/database-rows.ts'
import { answerFaults } from '../contract/harness/independent-check.ts'
import { callerFor, send, wellFormed } from '../contract/operations.ts'
import { createEpisodes } from '../../src/http/episodes.ts'
import { createSlots } from '../../src/http/slots.ts'
import { useFixture, usePerson, useServer } from '../support/fixtures.ts'
import { inTime } from '../support/in-time.ts'
import { type Answer, ask, enrol, type Person } from '../support/people.ts'
import { until } from '../support/process.ts'

/** The most requests that are worked on, and the most of one requester. */
const [MAX, MAX_OF_ONE] = [512, 256]
const PAGE = 'https://notes.example'

/** The names of the headers that a reply has whether it was counted or not. */
const names = ({ headers }: Answer): string[] => [...headers.keys()].filter((name) => !name.startsWith('ratelimit'))

let release = Promise.withResolvers<void>()
// Its requests are too many to be kept for the judges of all traffic.
const server = useServer({
  isRecorded: false,
  override: (handlers) => ({
    ...handlers,
    listTags: async (_, reply) => {
      await release.promise
      return reply(200, [])
    },
  }),
})
const [ann, bob, eve] = [usePerson(server), usePerson(server), usePerson(server)]

/** Makes requests of these people that are worked on until the end of the test or `free`. */
async function hold(holders: readonly Person[], each: number) {
  release = Promise.withResolvers<void>()
  const held = holders.flatMap((person) => Array.from({ length: each }, () => person.ask('GET', '/tags')))
  const free = async (): Promise<Answer[]> => {
    release.resolve()
    return Promise.all(held)
  }
  onTestFinished(async () => {
    await free()
    await until('none is worked on', () => server.requestsUnderWay() === 0)
  })
  await until('all are worked on', () => server.requestsUnderWay() === held.length)
  return free
}

describe('while the server works on as many requests as it may', { timeout: 30_000 }, () => {
  test('another one is refused with 503 before anything else, health checks and pages are answered, and then all is', async () => {
    const free = await hold([ann, bob], MAX_OF_ONE)
    const before = server.requestsRefused()
    const refused = await inTime('a refusal', eve.ask('GET', '/notes'))
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('2')
    expect(refused.body).toMatchObject({
      type: '/problems/unavailable',
      detail: 'The server has too much to do right now.',
      request_id: refused.headers.get('x-request-id'),
    })
    // Not even the credential is looked at.
    expect((await ask(server, 'GET', '/notes', { headers: { Authorization: 'Bearer nonsense' } })).status).toBe(503)
    expect((await ask(server, 'POST', '/notes', { body: 'no JSON' })).status).toBe(503)
    expect(server.requestsRefused()).toBe(before + 3)
    for (const path of ['/health', '/health/live', '/docs', '/openapi.yaml'])
      expect([path, (await ask(server, 'GET', path)).status]).toEqual([path, 200])
    expect((await ask(server, 'GET', '/nothing')).status).toBe(404)

    expect(new Set((await free()).map(({ status }) => status))).toEqual(new Set([200]))
    expect((await eve.ask('GET', '/notes')).status).toBe(200)
    expect(server.requestsUnderWay()).toBe(0)
  })

  test('one requester has no more than half of it, and the others still have theirs', async () => {
    await hold([ann], MAX_OF_ONE)
    expect((await ann.ask('GET', '/notes')).status).toBe(503)
    expect((await bob.ask('GET', '/notes')).status).toBe(200)
    expect((await ask(server, 'GET', '/notes')).status).toBe(401)
  })

  test('a refused request with a long body ends its connection, and one with a short body does not', async () => {
    await hold([ann], MAX_OF_ONE)
    const post = (content: string) => ann.ask('POST', '/notes', { body: { title: 'a', content } })
    const [short, long] = [await post('x'), await post('x'.repeat(100_000))]
    expect([short.status, short.headers.get('connection')]).toEqual([503, 'keep-alive'])
    expect([long.status, long.headers.get('connection')]).toEqual([503, 'close'])
  })
})

describe('slow clients take no place of others:', { timeout: 30_000 }, () => {
  const slow: Socket[] = []

  /** Sends a request whose body never arrives. */
  function begin({ accessToken }: Person): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect({ port: Number(new URL(server.url).port), host: '127.0.0.1' })
      slow.push(socket.on('error', reject))
      const lines = [
        'POST /notes HTTP/1.1',
        'Host: a',
        `Authorization: Bearer ${accessToken}`,
        'Content-Type: application/json',
        'Content-Length: 1000',
        '',
        '{"title":',
      ]
      socket.write(lines.join('\r\n'), () => resolve())
    })
  }

  test(`${MAX + 100} requests whose bodies do not arrive`, async () => {
    onTestFinished(() => {
      for (const socket of slow) socket.destroy()
    })
    // In parts, because until its credential is checked each needs a place.
    for (let part = 0; part < (MAX + 100) / 102; part += 1) {
      await Promise.all(Array.from({ length: 102 }, () => begin(ann)))
      await delay(20)
      await until('they wait for their clients', () => server.requestsUnderWay() === 0)
    }
    expect(slow).toHaveLength(MAX + 100)
    expect((await ann.ask('GET', '/notes')).status).toBe(200)
    expect((await ann.ask('POST', '/notes', { body: { title: 'a', content: 'b' } })).status).toBe(201)
  })

  test('open streams', async () => {
    const streams = await Promise.all(
      Array.from({ length: 10 }, () =>
        fetch(`${server.url}/changes/stream`, { headers: { Authorization: `Bearer ${bob.accessToken}` } }),
      ),
    )
    onTestFinished(async () => {
      for (const { body } of streams) await body?.cancel()
    })
    expect(streams.map(({ status }) => status)).toEqual(streams.map(() => 200))
    expect(server.openStreams()).toBe(10)
    await until('none is worked on', () => server.requestsUnderWay() === 0)
  })
})

describe('while requests wait for the database', () => {
  let waited = 0
  const waiting = useServer(() => ({ db: server.db, connectionWait: () => waited, corsOrigins: [PAGE] }))
  const owner = useFixture(() => enrol(waiting))

  beforeAll(() => {
    waited = 0
  })

  test('twenty refusals are one line of the log, which has the figures', async () => {
    waited = 800
    const from = waiting.log.length
    await Promise.all(Array.from({ length: 20 }, () => owner.ask('GET', '/notes')))
    const lines = waiting.log.slice(from).map((line) => JSON.parse(line) as unknown)
    expect(lines).toEqual([expect.objectContaining({ level: 40, under_way: 0, waited_for_database_ms: 800 })])
  })

  test('new ones are refused from half a second on, and until then they are not', async () => {
    waited = 499
    expect((await owner.ask('GET', '/notes')).status).toBe(200)
    waited = 500
    const refused = await owner.ask('GET', '/notes')
    expect([refused.status, refused.body['detail']]).toEqual([
      503,
      'The database does not keep up with the requests right now.',
    ])
    expect((await ask(waiting, 'GET', '/health/live')).status).toBe(200)
  })

  test('pages of allowed origins may read why', async () => {
    waited = 500
    const { headers } = await owner.ask('GET', '/notes', { headers: { Origin: PAGE } })
    expect(headers.get('access-control-allow-origin')).toBe(PAGE)
    expect(headers.get('access-control-expose-headers')).toContain('Retry-After')
    const preflight = { Origin: PAGE, 'Access-Control-Request-Method': 'GET' }
    expect((await ask(waiting, 'OPTIONS', '/notes', { headers: preflight })).status).toBe(204)
  })

  const refusable = operations.filter(({ path }) => !path.startsWith('/health'))

  test.each(refusable.map((operation) => ({ operation, name: operation.operationId })))(
    '$name is refused as the contract says, and nothing is done',
    async ({ operation }) => {
      waited = 0
      const caller = await callerFor(operation, waiting, owner)
      const attempt = await wellFormed(operation, waiting, caller)
      waited = 500
      const [from, before] = [waiting.log.length, await allRows(waiting.db)]
      const answer = await send(waiting, attempt, `Bearer ${caller.accessToken}`)
      waited = 0
      expect(answer.status).toBe(503)
      expect(await allRows(waiting.db)).toEqual(before)
      expect(waiting.log.slice(from).filter((line) => line.includes('"msg":"request"'))).toEqual([])
      expect(answerFaults(operation, answer)).toEqual([])
      const other = await owner.ask('GET', '/notes/not-an-id')
      expect(names(answer).toSorted()).toEqual([...names(other), 'retry-after'].toSorted())
    },
  )
})

test('a slot that is given back twice counts once', () => {
  const slots = createSlots({ max: 2, maxOfOne: 1 })
  const slot = slots.take('ann')
  slots.take('bob')
  slot.leave()
  slot.leave()
  expect(slots.count()).toBe(1)
  expect([slots.isFull(() => 'ann'), slots.isFull(() => 'bob')]).toEqual([false, true])
  slot.comeBack()
  slot.comeBack()
  expect(slots.count()).toBe(2)
  expect(slots.isFull(() => 'eve')).toBe(true)
})

test('an episode begins again after a quiet while, and counts only its own', async () => {
  const told: unknown[] = []
  const quietMs = 50
  const episodes = createEpisodes(
    () => told.push('begin'),
    ({ count }) => told.push(count),
    quietMs,
  )
  for (const count of [3, 2]) {
    for (let happened = 0; happened < count; happened += 1) episodes.note()
    await until('it has ended', () => told.at(-1) === count)
  }
  expect(told).toEqual(['begin', 3, 'begin', 2])
  expect(episodes.count()).toBe(5)
})
