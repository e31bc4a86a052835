import { type JsonObject, object } from '../../../src/contract/document/document.ts'
import { scopes as allScopes } from '../../../generated/security.ts'
import type { Operation } from '../../../src/contract/document/operations.ts'
import { ask, type Person, register } from '../../support/people.ts'
import { document, encodeBody, operations, requestExamples } from '../harness/document-examples.ts'
import { type Attempt, isSuccess, send, wellFormed, withUnknownIds } from '../operations.ts'
import { withHeaders } from '../harness/partial-requests.ts'
import type { Recorder } from './recorder.ts'
import type { Story } from './recording.ts'
import { bodiesLike, samplesOf } from './samples.ts'

/** Makes a request that works, each time anew. */
type Next = () => Promise<Attempt>

/** Operations after which the account cannot log in as before. */
const CHANGES_ACCOUNT: ReadonlySet<string> = new Set(['deleteMe', 'changePassword'])

/** A change of a working request. The result succeeds, or fails and will always fail. */
interface Variant {
  readonly change: (attempt: Attempt) => Attempt
  readonly isRefused?: true
}

/**
 * What clients send to each operation: every example, every parameter, every field at its bounds. Of refused requests
 * only those that stay refused while the API grows: a field that is required today may be optional tomorrow.
 */
export async function recordStories(recorder: Recorder): Promise<Story[]> {
  const stories: Story[] = []
  // The story that makes the account of the examples comes last, so that no other story depends on it.
  const ordered = operations.toSorted(
    (a, b) => Number(a.operationId === 'registerUser') - Number(b.operationId === 'registerUser'),
  )
  for (const operation of ordered)
    stories.push({ operation: operation.operationId, steps: await recordStory(recorder, operation) })
  return stories
}

async function recordStory(recorder: Recorder, operation: Operation): Promise<Story['steps']> {
  const isPrivate = operation.security.length > 0
  const isRepeatable = operation.method === 'get'
  let person = await register(recorder)
  const bearer = (): string | undefined => (isPrivate ? `Bearer ${person.accessToken}` : undefined)
  let attempt = await wellFormed(operation, recorder, person)
  const reply = await send(recorder, attempt, bearer())
  if (!isSuccess(reply)) throw new Error(`${operation.operationId} does not succeed: ${reply.text}`)

  let isWornOut = CHANGES_ACCOUNT.has(operation.operationId)
  for (const { change, isRefused } of variantsOf(operation, attempt)) {
    if (isWornOut) person = await register(recorder)
    const mark = recorder.mark()
    if (!isRepeatable) attempt = await wellFormed(operation, recorder, person)
    const { status } = await send(recorder, change(attempt), bearer())
    if (status >= 500) throw new Error(`${operation.operationId} replies ${status}`)
    const isExpected = status >= 400 === (isRefused === true)
    if (!isExpected) recorder.forget(mark)
    // Wrong passwords are counted, but forgotten steps are not replayed.
    isWornOut =
      (CHANGES_ACCOUNT.has(operation.operationId) && status < 400) || (!isExpected && operation.responses.has(429))
  }
  const again = isRepeatable ? async () => attempt : () => wellFormed(operation, recorder, person)
  if (isPrivate) await recordCredentials(recorder, operation, again, person)
  await recordSequels(recorder, operation, again, person)
  return recorder.take()
}

function variantsOf(operation: Operation, attempt: Attempt): Variant[] {
  const { root } = document
  const query = operation.parameters.filter((parameter) => parameter.in === 'query' && parameter.name !== 'cursor')
  const has = (name: string): boolean => operation.parameters.some((parameter) => parameter.name === name)
  const unknown = withUnknownIds(operation, attempt)
  return [
    ...query.flatMap(({ name, schema }) => {
      const values = samplesOf(root, schema).map((value) => (Array.isArray(value) ? value : [value]))
      return values.map((items) => ({
        change: withQuery(items.map((item) => `${name}=${encodeURIComponent(String(item))}`).join('&')),
      }))
    }),
    ...(has('If-Match') ? ['"1"', '*'].map((tag) => ({ change: withHeader('If-Match', tag) })) : []),
    ...(has('If-Match') ? [{ change: withHeader('If-Match', '"999"'), isRefused: true } as const] : []),
    ...(has('If-None-Match') ? ['"1"', '*', '"999"'].map((tag) => ({ change: withHeader('If-None-Match', tag) })) : []),
    ...(has('on_conflict')
      ? [{ change: (it: Attempt) => withQuery('on_conflict=merge')(withHeader('If-Match', '"1"')(it)) }]
      : []),
    ...bodyVariants(operation, attempt),
    { change: withQuery('no_such_parameter=1'), isRefused: true },
    { change: withQuery('%zz'), isRefused: true },
    { change: withHeader('Accept', 'text/x-nothing'), isRefused: true },
    ...(unknown === undefined ? [] : [{ change: () => unknown, isRefused: true } as const]),
  ]
}

function bodyVariants(operation: Operation, { body }: Attempt): Variant[] {
  if (operation.body === undefined || body === undefined) return []
  const working = parseBody(body)
  const types = [...operation.body.content]
  return [
    ...requestExamples(operation).map(({ mediaType, value }) => ({ change: withBody(mediaType, object(value)) })),
    ...types.map(([type]) => ({
      change: (attempt: Attempt) => withBody(type, parseBody(attempt.body ?? ''))(attempt),
    })),
    ...types.flatMap(([type, schema]) => {
      // The fields to change are known now, the ids in them only when the request is made.
      return bodiesLike(document.root, schema, working).map((_, index) => ({
        change: (attempt: Attempt) =>
          withBody(type, bodiesLike(document.root, schema, parseBody(attempt.body ?? ''))[index] ?? {})(attempt),
      }))
    }),
    {
      change: (attempt) =>
        withBody(types[0]?.[0] ?? '', { ...parseBody(attempt.body ?? ''), no_such_field: 'x' })(attempt),
      isRefused: true,
    },
    { change: withHeader('Content-Type', 'text/plain'), isRefused: true },
    { change: (attempt) => ({ ...attempt, body: '{' }), isRefused: true },
  ]
}

/** Without a credential, with one for something else, and with an API key. */
async function recordCredentials(recorder: Recorder, operation: Operation, next: Next, person: Person): Promise<void> {
  const { password, refreshToken } = CHANGES_ACCOUNT.has(operation.operationId) ? await register(recorder) : person
  await send(recorder, await next(), undefined)
  const needed = new Set(operation.security.flatMap((requirement) => Object.values(requirement).flat()))
  if (needed.size > 0) {
    // A refresh can ask for less than the session has, and costs no hash.
    const scope = allScopes.find((candidate) => !needed.has(candidate)) ?? ''
    const form = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: refreshToken, scope }).toString()
    const { body } = await ask(recorder, 'POST', '/auth/token', {
      body: form,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    })
    await send(recorder, await next(), `Bearer ${String(body['access_token'])}`)
  }
  if (operation.method !== 'get' || !operation.security.some((requirement) => 'apiKey' in requirement)) return
  const scopes = ['account:read', 'notes:read', 'notes:write']
  const { body } = await person.ask('POST', '/api-keys', {
    body: { name: 'A program', scopes, current_password: password },
  })
  await send(recorder, await next(), `Bearer ${String(body['key'])}`)
}

/** Stories of several requests: pages, idempotency keys, the next token, two clients that change one place. */
async function recordSequels(recorder: Recorder, operation: Operation, next: Next, person: Person): Promise<void> {
  const has = (name: string): boolean => operation.parameters.some((parameter) => parameter.name === name)
  const bearer = `Bearer ${person.accessToken}`
  const rewrite = (attempt: Attempt) =>
    person.ask('PUT', attempt.path.replace(/(\/notes\/[^/]+).*/, '$1'), { body: { content: 'Theirs' } })
  if (has('cursor') && has('limit')) {
    const attempt = await next()
    await wellFormed(operation, recorder, person)
    await person.ask('POST', '/notes', { body: { title: 'Another', content: 'Hello', tags: ['another tag'] } })
    if (operation.path.includes('{note_id}')) await rewrite(attempt)
    const { headers } = await send(recorder, withQuery('limit=1')(attempt), bearer)
    const [, page] = /^<([^>]+)>/.exec(headers.get('link') ?? '') ?? []
    if (page !== undefined) await send(recorder, { ...attempt, path: page }, bearer)
  }
  if (has('Last-Event-ID')) {
    const { body } = await person.ask('GET', '/changes')
    await person.ask('POST', '/notes', { body: { title: 'Another', content: 'Hello' } })
    const attempt = await next()
    const cursor = String(body['cursor'])
    for (const resume of [withQuery(`cursor=${cursor}`), withHeader('Last-Event-ID', cursor)])
      await send(recorder, resume(attempt), bearer)
  }
  if (has('Idempotency-Key')) {
    const attempt = withHeader('Idempotency-Key', 'once')(await next())
    for (const repeated of [attempt, attempt, { ...attempt, body: attempt.body?.replace('}', ' }') }])
      await send(recorder, repeated, bearer)
  }
  if (has('on_conflict')) {
    const attempt = withQuery('on_conflict=merge')(withHeader('If-Match', '"1"')(await next()))
    await rewrite(attempt)
    for (const body of [{ content: 'Mine' }, { title: 'Mine' }])
      await send(recorder, withBody('application/merge-patch+json', body)(attempt), bearer)
  }
  if (operation.operationId === 'createToken') {
    const grant = { grant_type: 'refresh_token', refresh_token: person.refreshToken }
    await send(recorder, withBody('application/x-www-form-urlencoded', grant)(await next()), undefined)
  }
}

function withQuery(query: string): (attempt: Attempt) => Attempt {
  return (attempt) => ({ ...attempt, path: `${attempt.path}${attempt.path.includes('?') ? '&' : '?'}${query}` })
}

function withHeader(name: string, value: string): (attempt: Attempt) => Attempt {
  return (attempt) => withHeaders(attempt, { [name]: value })
}

function withBody(mediaType: string, value: JsonObject): (attempt: Attempt) => Attempt {
  return (attempt) => ({ ...withHeaders(attempt, { 'Content-Type': mediaType }), body: encodeBody(mediaType, value) })
}

function parseBody(text: string): JsonObject {
  return text.startsWith('{') ? (JSON.parse(text) as JsonObject) : Object.fromEntries(new URLSearchParams(text))
}
