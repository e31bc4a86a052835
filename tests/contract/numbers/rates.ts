import { expect, vi } from 'vitest'
import { type ServerOptions, startServer, type TestServer } from '../../support/server.ts'
import { ask, enrol, type Person } from '../../support/people.ts'
import { claim, INFO, type Measure } from './claims.ts'
import { STEP } from './lab.ts'

type Lab = Parameters<Measure>[1]

/** A server with the quotas that there are by default; the one of the lab has quotas that no test uses up. */
async function limited(lab: Lab, options: ServerOptions = {}): Promise<TestServer & AsyncDisposable> {
  const { userQuota, addressQuota } = lab.settings
  const server = await startServer({ db: lab.server.db, userQuota, addressQuota, isRecorded: false, ...options })
  return { ...server, [Symbol.asyncDispose]: server.stop }
}

/** Uses up a quota by requests of one operation, and returns how many it had and the wait after them, in seconds. */
async function useUp(request: () => ReturnType<typeof ask>, weight: number): Promise<{ units: number; wait: number }> {
  for (let count = 0; ; count += 1) {
    const { status, headers } = await request()
    expect([200, 204, 401, 422, 429]).toContain(status)
    if (status === 429) return { units: count * weight, wait: Number(headers.get('retry-after')) }
  }
}

const bearerOf = ({ accessToken }: Person) => ({ headers: { Authorization: `Bearer ${accessToken}` } })

/** Its operation weighs ten, so that a tenth of the requests is enough. */
const ofAccount: Measure = async ({ value }, lab) => {
  await using server = await limited(lab)
  const person = await enrol(lab.server)
  const { units } = await useUp(() => ask(server, 'DELETE', '/trash', bearerOf(person)), 10)
  expect(units).toBe(value)
}

const ofAddress: Measure = async ({ value }, lab) => {
  await using server = await limited(lab)
  const { units } = await useUp(() => ask(server, 'GET', '/users/me'), 1)
  expect(units).toBe(value)
}

const ofHealthChecks: Measure = async ({ value }, lab) => {
  await using server = await limited(lab)
  const { units } = await useUp(() => ask(server, 'GET', '/health/live'), 1)
  expect(units).toBe(value)
}

const oneAddress: Measure = async ({ value }) => expect(value).toBe(1)

const afterThem: Measure = async ({ value }, lab) => {
  await using server = await limited(lab)
  await useUp(() => ask(server, 'GET', '/health/live'), 1)
  expect((await ask(server, 'GET', '/health/live')).status).toBe(value)
}

/** The quota is there again after this time, and not a moment before. */
const windowOf: Measure = async ({ value }, lab) => {
  await using server = await limited(lab)
  const live = () => ask(server, 'GET', '/health/live')
  // Quotas are counted by the monotonic clock, which the clock of the lab does not move.
  let time = Math.round(performance.now())
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => time)
  try {
    expect((await useUp(live, 1)).wait).toBe(value)
    time += (value - STEP) * 1_000
    expect((await live()).status).toBe(429)
    time += STEP * 1_000
    expect((await live()).status).toBe(200)
  } finally {
    clock.mockRestore()
  }
}

/** The address 2001:: with one bit more. */
function withBit(bit: number): string {
  const groups = Array.from({ length: 8 }, (_, group) => (Math.floor(bit / 16) === group ? 1 << (15 - (bit % 16)) : 0))
  return groups.map((group, index) => (group + (index === 0 ? 0x2001 : 0)).toString(16)).join(':')
}

/** The bits of an IPv6 address that are its network. */
const networkOf: Measure = async ({ value }, lab) => {
  await using server = await limited(lab, { trustedProxies: ['127.0.0.1/32'] })
  const left = async (address: string) => {
    const { headers } = await ask(server, 'GET', '/health/live', { headers: { 'X-Forwarded-For': address } })
    return Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1])
  }
  const first = await left('2001:0:0:0:0:0:0:0')
  expect(await left(withBit(value))).toBe(first - 1)
  expect(await left(withBit(value - 1))).toBe(first)
}

const oneUnit: Measure = async ({ value }, lab) => {
  await using server = await limited(lab)
  const person = await enrol(lab.server)
  const remaining = async () =>
    Number(
      /r=(\d+)/.exec((await ask(server, 'GET', '/users/me', bearerOf(person))).headers.get('ratelimit') ?? '')?.[1],
    )
  expect((await remaining()) - (await remaining())).toBe(value)
}

const ofLogin: Measure = async ({ value }, lab) => {
  await using server = await limited(lab)
  const login = () =>
    ask(server, 'POST', '/auth/token', {
      body: 'username=nobody%40example.com&password=unknown-password',
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    })
  const units = async () => Number(/r=(\d+)/.exec((await login()).headers.get('ratelimit') ?? '')?.[1])
  expect((await units()) - (await units())).toBe(value)
}

export const rateMeasures = { ofAccount, ofAddress, windowOf, ofLogin }

export const rateClaims = [
  claim(
    INFO,
    '| requests of an account, with any credential | # units # | # with `Retry-After` |',
    ofAccount,
    windowOf,
    afterThem,
  ),
  claim(
    INFO,
    '| requests without a valid credential, from # address | # units # | # with `Retry-After` |',
    oneAddress,
    ofAddress,
    windowOf,
    afterThem,
  ),
  claim(
    INFO,
    '| health checks from # address | # units # | # with `Retry-After` |',
    oneAddress,
    ofHealthChecks,
    windowOf,
    afterThem,
  ),
  claim(INFO, 'A request costs # unit,', oneUnit),
  claim(INFO, 'counts as its /#.', networkOf),
]
