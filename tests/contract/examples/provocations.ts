import { sql } from 'kysely'
import { renewEpoch } from '../../../src/changes/core/epoch.ts'
import { openStream } from '../../support/event-stream.ts'
import { expect } from 'vitest'
import { type JsonObject, list, string } from '../../../src/contract/document/document.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import type { ProblemSlug } from '../../../src/http/problem-kinds.ts'
import { heldKeys, holdLocks } from '../../support/locks.ts'
import type { Answer } from '../../support/people.ts'
import { insertAccount } from '../../../src/auth/account/accounts.ts'
import { type Attempt, send, withUnknownIds } from '../operations.ts'
import { announceTooMuch, withHeaders } from '../harness/partial-requests.ts'
import type { OUTSIDE_OPERATIONS } from '../harness/outside-operations.ts'
import { exampleBody, operations } from '../harness/document-examples.ts'
import { textsOf } from '../harness/texts.ts'
import { exampleRequests } from './requests.ts'
import { change, write } from './stages.ts'
import { ids, type Story } from './story.ts'

/** The servers of the story: as it is by default, and such as their operator or a fault made them. */
export interface Servers {
  readonly closed: { readonly url: string }
  readonly throwing: { readonly url: string }
  readonly cutOff: { readonly url: string }
  /** One where an account and an address have one unit a minute. */
  readonly limited: { readonly url: string }
}

/** A problem that the document shows of an operation, and a request of the story for which the operation would succeed. */
export interface Given {
  readonly story: Story
  readonly servers: Servers
  readonly operation: Operation
  readonly problem: JsonObject
  readonly attempt: Attempt
  readonly bearer: string | undefined
}

const MAX_STREAMS = 10

type Provocation = (given: Given) => Promise<Answer>

/** For each kind, what brings each of its examples about, by their names. A kind without an entry does not compile. */
export const provocations: Record<
  Exclude<ProblemSlug, keyof typeof OUTSIDE_OPERATIONS>,
  Readonly<Record<string, Provocation>>
> = {
  'malformed-request': { malformed: (given) => askWith(given, withQuery(given.attempt, '%zz')) },
  'unsupported-grant-type': {
    unsupportedGrantType: (given) => askWith(given, { ...given.attempt, body: 'grant_type=authorization_code' }),
  },
  'invalid-scope': {
    invalidScope: (given) => askWith(given, { ...given.attempt, body: `${given.attempt.body}&scope=openid` }),
  },
  unauthorized: { unauthorized: ({ story, attempt }) => send(story.server, attempt, undefined) },
  'invalid-grant': { invalidGrant: (given) => askWith(given, withFields(given.attempt, { password: 'not it' })) },
  'insufficient-scope': {
    insufficientScope: async ({ story, attempt, problem }) => {
      const granted = list(problem['granted_scopes']).map((scope) => string(scope))
      return send(story.server, attempt, `Bearer ${await story.token(granted)}`)
    },
  },
  'registration-closed': {
    registrationClosed: ({ servers, attempt, bearer }) => send(servers.closed, attempt, bearer),
  },
  'not-found': {
    notFound: unknownId,
    sessionNotFound: unknownId,
    apiKeyNotFound: unknownId,
    versionNotFound: (given) => {
      const path = given.attempt.path.replace('/revisions/1', '/revisions/7')
      return askWith(given, { ...given.attempt, path })
    },
  },
  'not-acceptable': {
    notAcceptable: (given) => askWith(given, withHeaders(given.attempt, { Accept: 'application/xml' })),
  },
  'email-taken': {
    emailTaken: async (given) => {
      await given.story.reset()
      const email = string(exampleBody('updateMe')['email'])
      await insertAccount(
        given.story.server.db,
        { email, passwordHash: '' },
        { type: 'registered', address: undefined },
      )
      return askWith(given, given.attempt)
    },
  },
  'too-many-api-keys': {
    tooManyApiKeys: async (given) => {
      await given.story.reset()
      await sql`insert into api_keys (id, user_id, name, key_hash, hint, scope, expires_at)
        select gen_random_uuid(), user_id, name, decode(md5(n::text), 'hex'), hint, scope, expires_at
        from api_keys, generate_series(1, 49) n`.execute(given.story.server.db)
      return askWith(given, given.attempt)
    },
  },
  'request-in-flight': {
    inFlight: async ({ story, operation }) => {
      const answers = repeated.get(story) ?? repeatAll(story)
      repeated.set(story, answers)
      const answer = (await answers).get(operation.operationId)
      if (answer === undefined) throw new Error(`${operation.operationId} takes no Idempotency-Key`)
      return answer
    },
  },
  'merge-conflict': {
    mergeConflict: async (given) => {
      await given.story.reset()
      await write(given.story, 'Dear all,\nHello')
      await change(given.story, { content: 'Dear all,\nHello Bob' })
      const attempt = withQuery(given.attempt, 'on_conflict=merge')
      return askWith(given, { ...attempt, body: JSON.stringify({ content: 'Dear all,\nHello Ann' }) })
    },
  },
  'note-changed': {
    noteChanged: async (given) => {
      await given.story.reset()
      await change(given.story, { title: 'Renamed' })
      return askWith(given, withHeaders(given.attempt, { 'If-Match': '"1"' }))
    },
  },
  'weak-etag': {
    weakTag: async (given) => {
      await given.story.reset()
      await change(given.story, { title: 'Renamed' })
      return askWith(given, withHeaders(given.attempt, { 'If-Match': 'W/"2"' }))
    },
  },
  'body-too-large': {
    tooLarge: ({ story, operation, attempt, bearer }) => {
      const headers = bearer === undefined ? {} : { Authorization: bearer }
      return announceTooMuch(story.server.url, withHeaders(attempt, headers), operation.body?.maxBytes ?? 0)
    },
    tooMuchText: (given) => askWith(given, { ...given.attempt, body: JSON.stringify(textsOf(2 * 1024 * 1024 + 1)) }),
  },
  'unsupported-media-type': {
    unsupportedMediaType: (given) => askWith(given, withHeaders(given.attempt, { 'Content-Type': 'text/plain' })),
  },
  'validation-failed': {
    invalid: (given) => askWith(given, withQuery(given.attempt, 'colour=red')),
    misspelt: (given) => askWith(given, withQuery(given.attempt, 'limt=20')),
  },
  'cursor-expired': {
    cursorExpired: async (given) => {
      await given.story.reset()
      const { body } = await given.story.send('GET', '/changes')
      await renewEpoch(given.story.server.db)
      return askWith(given, withQuery(given.attempt, `cursor=${String(body['cursor'])}`))
    },
  },
  'too-many-streams': {
    tooManyStreams: async (given) => {
      await using stack = new AsyncDisposableStack()
      const url = `${given.story.server.url}${given.attempt.path}`
      const headers = { Authorization: string(given.bearer ?? null) }
      for (let count = 0; count < MAX_STREAMS; count += 1) stack.use(await openStream(url, headers))
      return await askWith(given, given.attempt)
    },
  },
  'too-many-attempts': { tooManyAttempts: guessOn },
  'rate-limited': { rateLimited: useUp },
  'internal-error': { internalError: ({ servers, attempt, bearer }) => send(servers.throwing, attempt, bearer) },
  unavailable: { unavailable: ({ servers, attempt, bearer }) => send(servers.cutOff, attempt, bearer) },
  unhealthy: { unhealthy: ({ servers, attempt, bearer }) => send(servers.cutOff, attempt, bearer) },
}

function askWith({ story, bearer }: Given, attempt: Attempt): Promise<Answer> {
  return send(story.server, attempt, bearer)
}

function unknownId(given: Given): Promise<Answer> {
  const attempt = withUnknownIds(given.operation, given.attempt)
  if (attempt === undefined) throw new Error(`${given.operation.operationId} names nothing by an id`)
  return askWith(given, attempt)
}

/** Each takes the two seconds that a repeated request waits, so all wait at once. */
const repeated = new WeakMap<Story, Promise<ReadonlyMap<string, Answer>>>()

/**
 * What requests with an Idempotency-Key are answered while the same request is under way, each at once.
 */
async function repeatAll(story: Story): Promise<ReadonlyMap<string, Answer>> {
  const { db } = story.server
  const takers = operations.filter(({ parameters }) => parameters.some(({ name }) => name === 'Idempotency-Key'))
  const bearer = `Bearer ${await story.token()}`
  const first = await Promise.all(
    takers.map(async (operation) => {
      const [request] = exampleRequests(operation)
      if (request === undefined) throw new Error(`${operation.operationId} has no example`)
      return { operationId: operation.operationId, attempt: request.attempt }
    }),
  )
  await story.reset()
  // The first of each is at another server, which is slow: of it, this server sees the lock of its key.
  await using held = await holdLocks(db, async (transaction) => {
    for (const { operationId, attempt } of first) {
      const name = JSON.stringify([ids.user, operationId, attempt.headers['Idempotency-Key']])
      await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(transaction)
    }
  })
  expect(await heldKeys(db)).toBe(takers.length)
  const second = first.map(
    async ({ operationId, attempt }) => [operationId, await send(story.server, attempt, bearer)] as const,
  )
  const answers = new Map(await Promise.all(second))
  await held.release()
  return answers
}

/** Requests that are refused, so that they change nothing, until there is no unit left for another. */
async function useUp(given: Given): Promise<Answer> {
  for (let count = 0; count < 1_000; count += 1) {
    const answer = await send(given.servers.limited, withQuery(given.attempt, 'colour=red'), given.bearer)
    if (answer.status === 429) return answer
  }
  throw new Error(`${given.operation.operationId} answers without end`)
}

/** Wrong passwords until one is not looked at any more. */
async function guessOn(given: Given): Promise<Answer> {
  const wrong = withFields(given.attempt, { password: 'not it', current_password: 'not it' })
  // On a machine that is very busy the first block, of a second, may be over before the next guess.
  for (let round = 0; round < 3; round += 1) {
    await given.story.reset()
    for (let guess = 0; guess < 5; guess += 1) await askWith(given, wrong)
    const answer = await askWith(given, wrong)
    if (answer.status === 429) return answer
  }
  throw new Error(`${given.operation.operationId} lets everybody guess on`)
}

function withQuery(attempt: Attempt, query: string): Attempt {
  return { ...attempt, path: `${attempt.path}${attempt.path.includes('?') ? '&' : '?'}${query}` }
}

/** The request with other values for those of these fields that it has. */
function withFields(attempt: Attempt, fields: Readonly<Record<string, string>>): Attempt {
  const isForm = attempt.headers['Content-Type'] === 'application/x-www-form-urlencoded'
  const text = attempt.body ?? '{}'
  const given = isForm ? Object.fromEntries(new URLSearchParams(text)) : (JSON.parse(text) as Record<string, string>)
  const changed = { ...given, ...Object.fromEntries(Object.entries(fields).filter(([name]) => name in given)) }
  return { ...attempt, body: isForm ? new URLSearchParams(changed).toString() : JSON.stringify(changed) }
}
