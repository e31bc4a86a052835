import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { beforeAll, expect, test } from 'vitest'
import { createLocalFailures } from '../../src/auth/throttle/local-failures.ts'
import { purgeExpiredLogins } from '../../src/auth/throttle/login-failures.ts'
import { createLoginThrottle, type LoginThrottle } from '../../src/auth/throttle/login-throttle.ts'
import { createDatabase, type Database } from '../../src/db/database.ts'
import { Problem } from '../../src/http/problem.ts'
import { createTestDatabase } from '../support/database.ts'
import { useDatabase } from '../support/fixtures.ts'

const KEY = Buffer.alloc(32, 7)
const HOME = '192.0.2.1'
const database = useDatabase()
let db: Database
let throttle: LoginThrottle

beforeAll(() => {
  db = database.db
  throttle = createLoginThrottle(db, { key: KEY })
})

const anAccount = (): string => `${randomUUID()}@example.com`
/** An address that no other test uses. */
const anAddress = (): string => `2001:db8:${randomUUID().slice(0, 4)}:${randomUUID().slice(0, 4)}::1`

/** What a caller learns: that it matched or not, or how many seconds to wait instead. */
async function logIn(account: string, address: string, matched: boolean, by = throttle): Promise<boolean | number> {
  try {
    const attempt = await by.attempt(account, address)
    await attempt.settle(matched)
    return matched
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    expect(error).toMatchObject({ slug: 'too-many-attempts', status: 429 })
    return Number(error.headers['Retry-After'])
  }
}

/** Lets the time of this test go by for everything that is counted. */
async function pass(seconds: number): Promise<void> {
  const ago = (column: string) => sql<string>`${sql.ref(column)} - make_interval(secs => ${seconds})`
  const [blocked_until, updated_at, expires_at] = [ago('blocked_until'), ago('updated_at'), ago('expires_at')]
  await db.updateTable('login_failures').set({ blocked_until, updated_at, expires_at }).execute()
  await db.updateTable('known_addresses').set({ expires_at }).execute()
}

/** Makes the blocks that are on last long, so that a slow machine does not sleep through them. */
const hold = (): Promise<void> => pass(-60)

async function expectBlocked(outcome: Promise<boolean | number>): Promise<void> {
  expect(await outcome).toBeTypeOf('number')
}

async function fiveFailures(account: string, address: string): Promise<void> {
  for (let guess = 0; guess < 5; guess += 1) expect(await logIn(account, address, false)).toBe(false)
}

/** Keys for counters in memory, which need not be hashes. */
const keysOf = (name: string) => ({
  pair: Buffer.from(name),
  account: Buffer.from(`${name}+`),
  address: Buffer.from(`${name}++`),
})

const counts = async (): Promise<number[]> => {
  const rows = await db
    .selectFrom('login_failures')
    .select('failures')
    .where('expires_at', '>', sql<string>`now()`)
    .execute()
  return rows.map(({ failures }) => failures)
}

test('after five failures, each further one doubles the wait from 1 s to 15 min, and a success ends it', async () => {
  const [account, address] = [anAccount(), anAddress()]
  await db.deleteFrom('login_failures').execute()
  const begunBlock = () =>
    db
      .selectFrom('login_failures')
      .select(sql<number>`max(extract(epoch from blocked_until - updated_at))::float8`.as('seconds'))
      .executeTakeFirstOrThrow()
  await fiveFailures(account, address)
  for (const seconds of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]) {
    expect(await begunBlock()).toEqual({ seconds })
    await hold()
    await expectBlocked(logIn(account, address, true))
    await pass(60 + seconds)
    expect(await logIn(account, address, false)).toBe(false)
  }
  await pass(900)
  expect(await logIn(account, address, true)).toBe(true)
  await fiveFailures(account, address)
  expect(await begunBlock()).toEqual({ seconds: 1 })
})

test('a login during the wait does not prolong it, and gets what is left of it in Retry-After', async () => {
  const [account, address] = [anAccount(), anAddress()]
  await fiveFailures(account, address)
  await hold()
  for (let knock = 0; knock < 10; knock += 1) {
    const wait = await logIn(account, address, false)
    expect(wait).toBeGreaterThan(30)
    expect(wait).toBeLessThanOrEqual(61)
  }
  await pass(61)
  expect(await logIn(account, address, true)).toBe(true)
})

test('a login that was blocked before the clock was set back an hour waits for 15 minutes at most', async () => {
  const [account, address] = [anAccount(), anAddress()]
  await fiveFailures(account, address)
  await pass(-3600)
  const wait = await logIn(account, address, true)
  expect(wait).toBe(900)
  // What it was told is true.
  await pass(901)
  expect(await logIn(account, address, true)).toBe(true)
})

test('a block of an account at all addresses lasts a minute at most, even after the clock was set back', async () => {
  const account = anAccount()
  for (let stranger = 0; stranger < 100; stranger += 1) await logIn(account, anAddress(), false)
  await pass(-3600)
  expect(await logIn(account, anAddress(), true)).toBe(60)
  await pass(61)
  expect(await logIn(account, anAddress(), true)).toBe(true)
})

test('50 parallel wrong guesses count exactly 50, and only five of them are answered', async () => {
  const [account, address] = [anAccount(), anAddress()]
  const attempts = await Promise.all(Array.from({ length: 50 }, () => throttle.attempt(account, address)))
  const results = await Promise.allSettled(attempts.map((attempt) => attempt.settle(false)))
  expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  expect((await counts()).filter((failures) => failures === 50)).toHaveLength(1)
  expect(await logIn(account, address, true)).toBeGreaterThan(850)
})

test('a correct guess is not confirmed after five wrong ones in parallel', async () => {
  const [account, address] = [anAccount(), anAddress()]
  const right = await throttle.attempt(account, address)
  await fiveFailures(account, address)
  await hold()
  await expect(right.settle(true)).rejects.toMatchObject({ slug: 'too-many-attempts' })
})

test('50 parallel right logins all pass', async () => {
  const [account, address] = [anAccount(), anAddress()]
  const outcomes = await Promise.all(Array.from({ length: 50 }, () => logIn(account, address, true)))
  expect(new Set(outcomes)).toEqual(new Set([true]))
})

test('failures at one address leave another account there, and the same account elsewhere, alone', async () => {
  const [account, address] = [anAccount(), anAddress()]
  await fiveFailures(account, address)
  await hold()
  await expectBlocked(logIn(account, address, true))
  expect(await logIn(anAccount(), address, true)).toBe(true)
  expect(await logIn(account, anAddress(), true)).toBe(true)
})

test('guessing from many addresses is slowed, but never locks out the owner at a known address', async () => {
  const [account, home] = [anAccount(), anAddress()]
  expect(await logIn(account, home, true)).toBe(true)
  for (let stranger = 0; stranger < 100; stranger += 1) expect(await logIn(account, anAddress(), false)).toBe(false)
  await hold()
  await expectBlocked(logIn(account, anAddress(), false))
  await expectBlocked(logIn(account, anAddress(), true))
  expect(await logIn(account, home, false)).toBe(false)
  expect(await logIn(account, home, true)).toBe(true)
  // Strangers may go on at about one guess a minute.
  for (let minute = 0; minute < 10; minute += 1) {
    await pass(121)
    expect(await logIn(account, anAddress(), false)).toBe(false)
    await hold()
    await expectBlocked(logIn(account, anAddress(), false))
  }
  expect(await logIn(account, home, true)).toBe(true)
})

test('an address stays known for thirty days after the last login', async () => {
  const [account, home] = [anAccount(), anAddress()]
  await logIn(account, home, true)
  await pass(29 * 86_400)
  await logIn(account, home, true)
  await pass(29 * 86_400)
  const isKnown = async (): Promise<boolean> => {
    for (let stranger = 0; stranger < 101; stranger += 1) await logIn(account, anAddress(), false)
    await hold()
    return (await logIn(account, home, true)) === true
  }
  expect(await isKnown()).toBe(true)
  await pass(31 * 86_400)
  expect(await isKnown()).toBe(false)
})

test('an account keeps at most fifty known addresses', async () => {
  const account = anAccount()
  await db.deleteFrom('known_addresses').execute()
  for (let place = 0; place < 60; place += 1) expect(await logIn(account, anAddress(), true)).toBe(true)
  expect(await db.selectFrom('known_addresses').select('address').execute()).toHaveLength(50)
})

test('one password tried on many accounts from one address is slowed, except for accounts known there', async () => {
  const [resident, address] = [anAccount(), anAddress()]
  const narrow = createLoginThrottle(db, {
    key: KEY,
    policies: { address: { free: 20, maxSeconds: 60, leakSeconds: 60 } },
  })
  expect(await logIn(resident, address, true, narrow)).toBe(true)
  for (let guess = 0; guess < 20; guess += 1) expect(await logIn(anAccount(), address, false, narrow)).toBe(false)
  await hold()
  await expectBlocked(logIn(anAccount(), address, true, narrow))
  expect(await logIn(resident, address, true, narrow)).toBe(true)
  expect(await logIn(anAccount(), anAddress(), true, narrow)).toBe(true)
})

test('what is counted holds for another replica and after a restart', async () => {
  const [account, address] = [anAccount(), anAddress()]
  const other = createDatabase({ connection: database.connection, poolSize: 2, onIdleError: () => undefined })
  try {
    const replica = createLoginThrottle(other, { key: KEY })
    for (let guess = 0; guess < 5; guess += 1)
      expect(await logIn(account, address, false, guess % 2 === 0 ? throttle : replica)).toBe(false)
    await hold()
    await expectBlocked(logIn(account, address, true, replica))
    await expectBlocked(logIn(account, address, true, createLoginThrottle(db, { key: KEY })))
  } finally {
    await other.destroy()
  }
})

test('logins of many accounts from few addresses at once lose no failure and deadlock nowhere', async () => {
  const accounts = Array.from({ length: 4 }, anAccount)
  const addresses = Array.from({ length: 4 }, anAddress)
  await db.deleteFrom('login_failures').execute()
  const wide = { free: 1_000, maxSeconds: 60, forgetSeconds: 3_600 }
  const lax = createLoginThrottle(db, { key: KEY, policies: { pair: wide, account: wide, address: wide } })
  const outcomes = await Promise.all(
    Array.from({ length: 320 }, (_, index) =>
      logIn(accounts[index % 4] ?? '', addresses[(index >> 2) % 4] ?? '', false, lax),
    ),
  )
  expect(new Set(outcomes)).toEqual(new Set([false]))
  // 16 pairs of 20, 4 accounts and 4 addresses of 80.
  const expected = [...Array.from({ length: 8 }, () => 80), ...Array.from({ length: 16 }, () => 20)]
  expect((await counts()).toSorted((a, b) => b - a)).toEqual(expected)
})

test('neither e-mails nor addresses can be read in the database without the key', async () => {
  const account = anAccount()
  await logIn(account, HOME, true)
  await logIn(account, HOME, false)
  const rows = [...(await db.selectFrom('login_failures').selectAll().execute())]
  const known = await db.selectFrom('known_addresses').selectAll().execute()
  for (const text of ['utf8', 'latin1'] as const) {
    const shown = [...rows.map(({ key }) => key), ...known.flatMap((row) => [row.account, row.address])].map((key) =>
      key.toString(text),
    )
    expect(shown.join('\n')).not.toMatch(/example|192\.0\.2/)
  }
  const otherKey = createLoginThrottle(db, { key: Buffer.alloc(32, 8) })
  await fiveFailures(account, anAddress())
  expect(await logIn(account, HOME, true, otherKey)).toBe(true)
})

test('the purge deletes only what has expired, in small batches', async () => {
  await db.deleteFrom('login_failures').execute()
  await db.deleteFrom('known_addresses').execute()
  const [account, home] = [anAccount(), anAddress()]
  await fiveFailures(account, home)
  await logIn(anAccount(), home, true)
  await hold()
  await sql`insert into login_failures (key, failures, blocked_until, expires_at)
    select int4send(n), 1, now(), now() - interval '1 second' from generate_series(1, 25) n`.execute(db)
  await sql`insert into known_addresses (account, address, expires_at)
    select int4send(n), int4send(n), now() - interval '1 second' from generate_series(1, 15) n`.execute(db)
  expect(await purgeExpiredLogins(db, 10)).toBe(20)
  expect(await purgeExpiredLogins(db, 10)).toBe(15)
  expect(await purgeExpiredLogins(db, 10)).toBe(5)
  expect(await purgeExpiredLogins(db, 10)).toBe(0)
  await expectBlocked(logIn(account, home, true))
  expect(await db.selectFrom('known_addresses').selectAll().execute()).toHaveLength(1)
  await pass(86_400)
  expect(await purgeExpiredLogins(db)).toBe(3)
})

test('while the database cannot count, this process does, and a guess is still refused', async () => {
  const [account, address] = [anAccount(), anAddress()]
  const faults: unknown[] = []
  const away = createDatabase({
    connection: { ...database.connection, host: '127.0.0.1', port: 9 },
    poolSize: 1,
    onIdleError: () => undefined,
  })
  try {
    const guarded = createLoginThrottle(away, { key: KEY, onFallback: (error) => faults.push(error) })
    const attempts = await Promise.all(Array.from({ length: 20 }, () => guarded.attempt(account, address)))
    const results = await Promise.allSettled(attempts.map((attempt) => attempt.settle(false)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
    expect(await logIn(account, address, true, guarded)).toBeGreaterThan(850)
    expect(faults.length).toBeGreaterThan(0)
    expect(await logIn(anAccount(), anAddress(), true, guarded)).toBe(true)
  } finally {
    await away.destroy()
  }
})

test('a database that can be read but not written does not let guesses through either', async () => {
  const [account, address] = [anAccount(), anAddress()]
  const { user, password, host, port, database: name } = database.connection
  const options = new URLSearchParams({ host, options: '-c default_transaction_read_only=on' })
  const readOnly = createDatabase({
    connection: `postgres://${user}:${password}@localhost:${port}/${name}?${options.toString()}`,
    poolSize: 2,
    onIdleError: () => undefined,
  })
  try {
    const guarded = createLoginThrottle(readOnly, { key: KEY })
    const attempts = await Promise.all(Array.from({ length: 20 }, () => guarded.attempt(account, address)))
    const results = await Promise.allSettled(attempts.map((attempt) => attempt.settle(false)))
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
    expect(await logIn(account, address, true, guarded)).toBeGreaterThan(850)
    expect(await logIn(anAccount(), anAddress(), true, guarded)).toBe(true)
  } finally {
    await readOnly.destroy()
  }
})

test('a fault that is no outage is not taken for one', async () => {
  const broken = await createTestDatabase({ empty: true })
  try {
    await expect(createLoginThrottle(broken.db, { key: KEY }).attempt(anAccount(), HOME)).rejects.toThrow(
      'does not exist',
    )
  } finally {
    await broken.drop()
  }
})

test('the memory of the local counters is bounded, and their delays are those of the database', () => {
  let time = 1_000
  const local = createLocalFailures(() => time)
  const policy = { free: 5, maxSeconds: 900, forgetSeconds: 21_600 }
  const policies = { pair: policy, account: policy, address: policy }
  for (let guess = 0; guess < 5; guess += 1)
    expect(local.count(keysOf('a'), policies, true)).toMatchObject([{ was_blocked: false }])
  for (const wait of [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900]) {
    expect(local.wait(keysOf('a'), true)).toBe(wait)
    time += wait
    expect(local.wait(keysOf('a'), true)).toBe(0)
    local.count(keysOf('a'), policies, true)
  }
  for (let flood = 0; flood < 12_000; flood += 1) local.count(keysOf(String(flood)), policies, true)
  expect(local.wait(keysOf('a'), true)).toBe(0)
  for (let guess = 0; guess < 5; guess += 1) local.count(keysOf('b'), policies, true)
  expect(local.wait(keysOf('b'), true)).toBe(1)
})
