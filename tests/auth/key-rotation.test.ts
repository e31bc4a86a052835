import { expect, test } from 'vitest'
import { useDatabase } from '../support/fixtures.ts'
import { type Answer, ask, form, type Person, register } from '../support/people.ts'
import { until } from '../support/process.ts'
import { startServer, type TestServer } from '../support/server.ts'

const OLD = 'the-old-secret-key-of-these-tests-0123456789'
const NEW = 'the-new-secret-key-of-these-tests-9876543210'

const database = useDatabase()

const replica = (...secretKeys: [string, ...string[]]): Promise<TestServer> =>
  startServer({ db: database.db, secretKeys })

/** Sends requests all the time, to the replicas in turn, and refreshes now and then. */
async function work(person: Person, replicas: () => readonly TestServer[], isOver: () => boolean): Promise<string[]> {
  const refused: string[] = []
  let { accessToken, refreshToken } = person
  let cursorPath = '/notes?limit=1'
  for (let round = 0; !isOver(); round += 1) {
    const servers = replicas()
    const server = servers[round % servers.length]
    if (server === undefined) break
    const headers = { Authorization: `Bearer ${accessToken}` }
    const answers: Answer[] = [
      await ask(server, 'GET', '/users/me', { headers }),
      await ask(server, 'GET', cursorPath, { headers }),
    ]
    cursorPath = /<(.*)>;/.exec(answers[1]?.headers.get('link') ?? '')?.[1] ?? '/notes?limit=1'
    if (round % 5 === 4) {
      const grant = { grant_type: 'refresh_token', refresh_token: refreshToken }
      const next = await ask(server, 'POST', '/auth/token', form(grant))
      answers.push(next)
      accessToken = String(next.body['access_token'])
      refreshToken = String(next.body['refresh_token'])
    }
    refused.push(...answers.filter(({ status }) => status !== 200).map(({ status, text }) => `${status} ${text}`))
  }
  return refused
}

test('the steps of SECURITY.md change a key under traffic, replica after replica, without a refusal', async () => {
  let [first, second] = [await replica(OLD), await replica(OLD)]
  const people = await Promise.all(Array.from({ length: 3 }, () => register(first)))
  for (const person of people) {
    for (const title of ['a', 'b', 'c']) await person.ask('POST', '/notes', { body: { title, content: 'x' } })
  }
  let isOver = false
  let rounds = 0
  const traffic = people.map((person) =>
    work(
      person,
      () => {
        rounds += 1
        return [first, second]
      },
      () => isOver,
    ),
  )

  // Each step reaches one replica after the other, as a rolling restart does; the old ones finish what is under way.
  const retired: TestServer[] = []
  const steps: readonly [string, string][] = [
    [OLD, NEW],
    [NEW, OLD],
  ]
  for (const keys of steps) {
    for (const place of ['first', 'second'] as const) {
      const fresh = await replica(...keys)
      retired.push(place === 'first' ? first : second)
      if (place === 'first') first = fresh
      else second = fresh
      const reached = rounds + 12
      await until('the traffic has met it', () => rounds > reached, 10_000)
    }
  }
  isOver = true
  expect((await Promise.all(traffic)).flat()).toEqual([])
  expect(rounds).toBeGreaterThan(50)

  // The last step, when the last token of the old key has expired: from then on the old key opens nothing.
  const last = await replica(NEW)
  const old = await replica(OLD)
  const bob = await register(old)
  const fromOld = { headers: { Authorization: `Bearer ${bob.accessToken}` } }
  expect((await ask(old, 'GET', '/users/me', fromOld)).status).toBe(200)
  expect((await ask(last, 'GET', '/users/me', fromOld)).status).toBe(401)
  for (const server of [...retired, first, second, last, old]) await server.stop()
})

test('an accepted key makes no tokens: they are signed with the current one', async () => {
  const both = await replica(NEW, OLD)
  const onlyNew = await replica(NEW)
  const ann = await register(both)
  expect(
    (await ask(onlyNew, 'GET', '/users/me', { headers: { Authorization: `Bearer ${ann.accessToken}` } })).status,
  ).toBe(200)
  await both.stop()
  await onlyNew.stop()
})

test('while a key is changed, a repeated refresh gets the same token from every replica', async () => {
  const [before, after, strange] = [
    await replica(OLD, NEW),
    await replica(NEW, OLD),
    await replica('a-secret-key-that-nobody-told-the-others-of'),
  ]
  const ann = await register(before)
  const refreshing = form({ grant_type: 'refresh_token', refresh_token: ann.refreshToken })
  const refresh = (server: TestServer) => ask(server, 'POST', '/auth/token', refreshing)
  const [first, again] = [await refresh(before), await refresh(after)]
  expect(again.body['refresh_token']).toBe(first.body['refresh_token'])
  // It cannot repeat the answer, but that is no reuse.
  expect((await refresh(strange)).status).toBe(401)
  expect((await refresh(after)).status).toBe(200)
  for (const server of [before, after, strange]) await server.stop()
})

test('refresh tokens and API keys do not depend on the secret key at all', async () => {
  const before = await replica(OLD)
  const ann = await register(before)
  const made = await ann.ask('POST', '/api-keys', {
    body: { name: 'k', scopes: ['notes:read'], current_password: ann.password },
  })
  const after = await replica(NEW)
  const grant = { grant_type: 'refresh_token', refresh_token: ann.refreshToken }
  expect((await ask(after, 'POST', '/auth/token', form(grant))).status).toBe(200)
  expect(
    (await ask(after, 'GET', '/notes', { headers: { Authorization: `Bearer ${String(made.body['key'])}` } })).status,
  ).toBe(200)
  await before.stop()
  await after.stop()
})
