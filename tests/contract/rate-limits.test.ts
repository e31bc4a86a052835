import { describe, expect, test } from 'vitest'
import { readCost, readRateLimits } from '../../src/contract/document/rate-limits.ts'
import { useServer } from '../support/fixtures.ts'
import { type Answer, ask, enrol, logIn, type Person } from '../support/people.ts'

const limited = useServer({ userQuota: 60, addressQuota: 60, trustedProxies: ['127.0.0.1/32'] })
const off = useServer(() => ({ db: limited.db, rateLimits: 'off' }))

const from = (address: string, headers: Readonly<Record<string, string>> = {}) => ({
  headers: { 'X-Forwarded-For': address, ...headers },
})
const remainingOf = ({ headers }: Answer): number => Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1])

async function until429(request: () => Promise<Answer>): Promise<{ answers: number; refused: Answer }> {
  for (let answers = 0; answers < 100; answers += 1) {
    const answer = await request()
    if (answer.status === 429) return { answers, refused: answer }
  }
  return expect.fail('Nothing was refused')
}

const me = (person: Person, address: string): Promise<Answer> =>
  ask(limited, 'GET', '/users/me', from(address, { Authorization: `Bearer ${person.accessToken}` }))

describe('a quota', () => {
  test('is told with every reply, and its end with 429, Retry-After and nothing done', async () => {
    const ann = await enrol(off)
    const first = await me(ann, '198.51.100.1')
    expect(first.headers.get('ratelimit-policy')).toBe('"user";q=60;w=60')
    expect(first.headers.get('ratelimit')).toBe('"user";r=59;t=60')
    const { answers, refused } = await until429(() => me(ann, '198.51.100.1'))
    expect(answers).toBe(59)
    expect(refused.body).toMatchObject({ type: '/problems/rate-limited', status: 429 })
    const wait = Number(refused.headers.get('retry-after'))
    expect(wait).toBeGreaterThan(0)
    expect(wait).toBeLessThanOrEqual(60)
    expect(refused.headers.get('ratelimit')).toBe(`"user";r=0;t=${wait}`)
    const headers = { Authorization: `Bearer ${ann.accessToken}` }
    expect((await ask(limited, 'POST', '/notes', { body: { title: 'Late' }, headers })).status).toBe(429)
    expect((await ann.ask('GET', '/notes')).body).toEqual([])
  })

  test('is that of the account, whatever its address and credential', async () => {
    const ann = await enrol(off)
    const again = await logIn(limited, ann.email, ann.password)
    await until429(() => me(ann, '198.51.100.2'))
    const headers = { Authorization: `Bearer ${again.accessToken}` }
    expect((await ask(limited, 'GET', '/users/me', from('198.51.100.3', headers))).status).toBe(429)
  })

  test('of one account is not used up by others at the same address, nor by strangers there', async () => {
    const [ann, bob] = [await enrol(off), await enrol(off)]
    await until429(() => me(ann, '198.51.100.4'))
    const { refused } = await until429(() => ask(limited, 'GET', '/users/me', from('198.51.100.4')))
    expect(refused.headers.get('ratelimit-policy')).toBe('"address";q=60;w=60')
    expect((await me(bob, '198.51.100.4')).status).toBe(200)
  })

  test.each([
    ['none', undefined],
    ['a forged one', 'Bearer forged'],
    ['a key that never was', `Bearer nak_${'x'.repeat(43)}00000000`],
  ])('of an address counts requests that need a credential and have %s', async (_, credential) => {
    const headers = credential === undefined ? {} : { Authorization: credential }
    const address = `198.51.100.${10 + (credential?.length ?? 0)}`
    const { answers } = await until429(() => ask(limited, 'GET', '/users/me', from(address, headers)))
    expect(answers).toBe(60)
    expect((await ask(limited, 'GET', '/users/me', from('198.51.100.9', headers))).status).toBe(401)
  })

  test('is not escaped by another spelling of the path', async () => {
    const address = from('198.51.100.5')
    const paths = ['/users/me', '/users/me/', '//users/me', '/users/me?x=1']
    const answers = []
    for (const path of paths) answers.push(await ask(limited, 'GET', path, address))
    const counted = answers.filter(({ status }) => status === 401).map(remainingOf)
    expect(counted).toEqual(counted.map((_, index) => 59 - index))
    expect(answers.filter(({ status }) => status !== 401).map(({ status }) => status)).toEqual([404])
  })

  test('of health checks is not used up by other requests of the same address', async () => {
    await until429(() => ask(limited, 'GET', '/users/me', from('198.51.100.6')))
    const { status, headers } = await ask(limited, 'GET', '/health/live', from('198.51.100.6'))
    expect(status).toBe(200)
    expect(headers.get('ratelimit-policy')).toBe('"health";q=600;w=60')
  })

  test('is spent faster by dear operations, and one that costs more than is left is refused while others go on', async () => {
    const ann = await enrol(off)
    const headers = { Authorization: `Bearer ${ann.accessToken}` }
    const empty = () => ask(limited, 'DELETE', '/trash', { headers })
    const { answers } = await until429(async () => {
      expect(remainingOf(await me(ann, '198.51.100.7'))).toBeGreaterThanOrEqual(0)
      return empty()
    })
    // Eleven units a round: five rounds, and the sixth has five units left after its cheap request.
    expect(answers).toBe(5)
    expect((await me(ann, '198.51.100.7')).status).toBe(200)
  })
})

test('RATE_LIMITS=off counts nothing and says nothing', async () => {
  const ann = await enrol(off)
  for (let count = 0; count < 100; count += 1) {
    const { status, headers } = await ann.ask('GET', '/users/me')
    expect(status).toBe(200)
    expect([headers.has('ratelimit'), headers.has('ratelimit-policy')]).toEqual([false, false])
  }
})

describe('a document with limits that cannot be enforced is refused', () => {
  const quotas = { user: 10, address: 10 }
  const usual = { 'window-seconds': 60, weight: 1, quotas }

  test.each([
    [{ weight: 1, quotas }, 'window-seconds must be a whole number above 0'],
    [{ ...usual, 'window-seconds': 0 }, 'window-seconds must be a whole number above 0'],
    [{ ...usual, weight: 1.5 }, 'weight must be a whole number above 0'],
    [{ ...usual, quotas: { user: 10 } }, 'no quota for address'],
    [{ ...usual, quotas: { user: -1, address: 10 } }, 'user must be a whole number above 0'],
    [{ ...usual, burst: 5 }, 'unknown member burst'],
  ])('%j', (limits, message) => {
    expect(() => readRateLimits({ 'x-rate-limit': limits })).toThrow(message)
  })

  test.each([
    [{ weight: 0 }, 'weight must be a whole number above 0'],
    [{ policy: 'guests' }, 'unknown policy'],
    [{ cost: 2 }, 'unknown member cost'],
    ['dear', 'must be an object'],
  ])('%j of an operation', (limit, message) => {
    expect(() => readCost({ 'x-rate-limit': usual }, { 'x-rate-limit': limit }, 'getNote')).toThrow(message)
  })

  test('a limit of an operation without limits at the root', () => {
    expect(() => readCost({}, { 'x-rate-limit': { weight: 2 } }, 'getNote')).toThrow('the document has none')
  })
})
