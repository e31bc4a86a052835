import { sql } from 'kysely'
import { loadConfig } from '../../../src/config/config.ts'
import { SHIPPED_COST } from '../../../src/auth/password/passwords.ts'
import { problemKinds, type ProblemSlug } from '../../../src/http/problem-kinds.ts'
import { expect } from 'vitest'
import { type Answer, ask as request } from '../../support/people.ts'
import { startServer } from '../../support/server.ts'
import { answers } from './answer-status.ts'
import { about, claim, type Claim, INFO, type Measure } from './claims.ts'

/** More wrong passwords at once than there are places to wait in, as a flood from many addresses brings them; hashes cost what they do. */
const whenBusy = answers(async (_, { server }) => {
  const trustedProxies = ['127.0.0.1/32']
  const shipped = await startServer({ db: server.db, trustedProxies, passwordCost: SHIPPED_COST, isRecorded: false })
  const guess = (index: number): Promise<Answer> =>
    request(shipped, 'POST', '/auth/token', {
      body: `username=nobody-${index}%40example.com&password=wrong`,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded', 'X-Forwarded-For': `198.51.100.${index + 1}` },
    })
  const all = await Promise.all(Array.from({ length: 80 }, (_place, index) => guess(index)))
  await shipped.stop()
  return all.find(({ headers }) => headers.has('retry-after')) ?? { status: 401 }
})

/** A database whose only connections are taken for this long answers when one comes free. */
const health = (afterSeconds: number): Measure =>
  answers(async (_, { server, ask }) => {
    const holders = Array.from({ length: 10 }, () =>
      sql`select pg_catalog.pg_sleep(${afterSeconds})`.execute(server.db),
    )
    const answer = await ask('GET', '/health')
    await Promise.all(holders)
    return answer
  })

const unhealthy = health(1.5)

/** The database answers a little within the time, and a little beyond it. */
const databasePatience: Measure = async (figure, lab) => {
  await health(figure.value - 0.5)({ ...figure, value: 200 }, lab)
  await health(figure.value + 0.5)({ ...figure, value: 503 }, lab)
}

const usualPort: Measure = async ({ value }) => expect(loadConfig({}).port).toBe(value)

const statusOfKind = (slug: ProblemSlug): Measure => {
  return async ({ value }, lab) => {
    expect(problemKinds[slug].status).toBe(value)
    expect((await lab.ask('GET', `/problems/${slug}`)).text).toContain(`HTTP status ${value}`)
  }
}

const slugs = Object.keys(problemKinds) as ProblemSlug[]

const kinds: readonly Claim[] = slugs.map((slug) =>
  claim(INFO, `| # | [${slug}](/problems/${slug}) |`, statusOfKind(slug)),
)
const compressed = answers(({ ask }) =>
  ask('POST', '/notes', { body: '{}', headers: { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' } }),
)

export const serviceClaims: readonly Claim[] = [
  ...kinds,
  claim(INFO, 'request bodies are refused with #.', compressed),
  claim(INFO, 'that is too busy answers # with `Retry-After`.', whenBusy),
  claim(
    INFO,
    'an unknown path answers #, and a method that a path does not have answers # with `Allow`.',
    answers((person) => person.ask('GET', '/nothing')),
    answers((person) => person.ask('PUT', '/notes')),
  ),
  claim(INFO, 'http://localhost:#/auth/token', usualPort),
  claim(INFO, 'http://localhost:#/notes', usualPort),
  claim(
    about('getHealth'),
    'Answers # when the server is up, its database answers within # and it is not shutting down; # otherwise.',
    health(0),
    databasePatience,
    unhealthy,
  ),
  claim('/components/schemas/Health/properties/status/description', 'anything else is a #.', unhealthy),
  claim(
    about('getLiveness'),
    'Answers # as long as',
    answers((person) => person.ask('GET', '/health/live')),
  ),
]
