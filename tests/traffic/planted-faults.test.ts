import type { RequestListener } from 'node:http'
import { beforeAll, expect, test } from 'vitest'
import { type JsonObject, list, object } from '../../src/contract/document/document.ts'
import type { Caller } from '../../src/contract/types.ts'
import { Problem } from '../../src/http/problem.ts'
import { compareContracts } from '../contract/evolution/compare.ts'
import { openStream } from '../support/event-stream.ts'
import { ask } from '../support/people.ts'
import { document, operationCalled, operations, responseExamples } from '../contract/harness/document-examples.ts'
import { secondOpinion, type SecondOpinion } from './prism.ts'
import { everywhere, type LooseHandler, serveContract } from '../contract/harness/served-contract.ts'
import { contractViolations, place } from './traffic.ts'

const NOTE = '/notes/019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2'
const [{ value: note } = { value: {} }] = responseExamples(operationCalled('getNote'), 200)
const good = note as Record<string, unknown>
const ids = operations.map(({ operationId }) => operationId)
const etag = { ETag: '"1"' }
const right: LooseHandler = async (_, reply) => reply(200, good, etag)

/** A fault of a handler, or of something that stands before the contract and so escapes it. */
interface Fault {
  readonly does?: LooseHandler
  readonly before?: (app: RequestListener) => RequestListener
  readonly path?: string
}

const faults: Readonly<Record<string, Fault>> = {
  'an extra reply field': { does: async (_, reply) => reply(200, { ...good, password_hash: 'x' }, etag) },
  'a wrong type': { does: async (_, reply) => reply(200, { ...good, version: '1' }, etag) },
  'a bad format': { does: async (_, reply) => reply(200, { ...good, created_at: 'yesterday, at noon, or so' }, etag) },
  'null where it is not allowed': { does: async (_, reply) => reply(200, { ...good, title: null }, etag) },
  'a missing field': { does: async (_, reply) => reply(200, { ...good, title: undefined }, etag) },
  'an undocumented status': { does: async (_, reply) => reply(202, good, etag) },
  'a missing required header': { does: async (_, reply) => reply(200, good, {}) },
  'an undocumented header': { does: async (_, reply) => reply(200, good, { ...etag, 'X-Secret': 'x' }) },
  'a wrong media type': { before: withContentType('text/html') },
  'an undocumented route': { before: withRoute('/secret'), path: '/secret' },
}

/** What the other implementation does not look at. */
const UNSEEN_BY_PRISM = new Set(['an undocumented header', 'an undocumented route'])

let prism: SecondOpinion

beforeAll(async () => {
  prism = await secondOpinion(document.root)
})

test.each(Object.keys(faults))(
  '%s is found in the traffic, by us and by an implementation that is not ours',
  async (title) => {
    const { does = right, before, path = NOTE } = faults[title] ?? {}
    const server = await serveContract({ handlers: everywhere(ids, does), ...(before && { before }), replies: 'off' })
    expect((await ask(server, 'GET', path)).status).toBeLessThan(300)
    await server.stop()
    const placed = server.exchanges.map(place)
    expect(placed.flatMap(contractViolations)).toHaveLength(1)
    const second = placed.flatMap(prism)
    expect(second.length > 0, second.join()).toBe(!UNSEEN_BY_PRISM.has(title))
  },
)

const ofHandlers = Object.entries(faults).filter(([, { does }]) => does !== undefined)

test.each(ofHandlers)('%s does not leave a server that enforces its contract', async (_, { does = right }) => {
  const server = await serveContract({ handlers: everywhere(ids, does) })
  expect((await ask(server, 'GET', NOTE)).status).toBe(500)
  await server.stop()
})

const STREAM = '/changes/stream'
const unbuffered = { 'X-Accel-Buffering': 'no' }
const notice = { seq: 1, kind: 'upsert', note_id: NOTE.split('/').at(-1), version: 1, at: '2026-11-22T10:16:40.5Z' }
const change = { event: 'change', id: 'abc', data: notice }
const goodEvents = [
  change,
  { event: 'ready', id: 'abb', data: { cursor: 'abb' } },
  { event: 'end', data: { reason: 'server_stopping' } },
]

/** One event of a stream whose others are right, and what our check says of it. */
const eventFaults: Readonly<Record<string, readonly [event: object, finding: string]>> = {
  'an undocumented event': [{ ...change, event: 'rename' }, 'sends an undocumented event rename'],
  'an event with the data of another': [
    { ...change, event: 'ready', data: { ...notice, cursor: 'abc' } },
    'event ready: it must NOT have additional properties',
  ],
  'an event without a field': [
    { ...change, data: { ...notice, version: undefined } },
    "event change: it must have required property 'version'",
  ],
  'an event with an extra field': [
    { ...change, data: { ...notice, title: 'x' } },
    'event change: it must NOT have additional properties',
  ],
  'an event with a wrong type': [{ ...change, data: { ...notice, seq: '1' } }, 'event change: /seq must be integer'],
  'an event with a bad format': [
    { ...change, data: { ...notice, at: 'yesterday, at noon, or so' } },
    'event change: /at must match',
  ],
  'an event with a value that breaks its pattern': [
    { event: 'end', data: { reason: 'Bored!' } },
    'event end: /reason must match pattern',
  ],
  'an event without an id': [{ ...change, id: undefined }, 'sends an event change without an id to go on from'],
  'an event whose id begins another field': [
    { ...change, id: 'abc\ndata: {}' },
    'sends what is no event of one name and one line of data',
  ],
}

/** The document does not say it by a schema, so the server does not check it, and only the traffic shows it. */
const UNSEEN_BY_SERVER = new Set(['an event without an id'])

function streaming(events: readonly unknown[], wait?: Promise<void>): LooseHandler {
  return async (_, reply) => reply(200, afterChange(events, wait), unbuffered)
}

/** A change at once and the events later, because a connection that breaks loses what was written last. */
async function* afterChange(events: readonly unknown[], wait?: Promise<void>): AsyncGenerator {
  yield change
  await wait
  yield* events
}

test.each(Object.keys(eventFaults))('%s is found in the traffic', async (title) => {
  const [event = {}, finding = ''] = eventFaults[title] ?? []
  const server = await serveContract({ handlers: everywhere(ids, streaming([event])), replies: 'off' })
  expect((await ask(server, 'GET', STREAM)).status).toBe(200)
  await server.stop()
  const found = server.exchanges.map(place).flatMap(contractViolations)
  expect([...new Set(found)]).toEqual([expect.stringContaining(finding)])
})

const enforced = Object.keys(eventFaults).filter((title) => !UNSEEN_BY_SERVER.has(title))

test.each(enforced)('%s does not leave a server that enforces its contract', async (title) => {
  const [event = {}] = eventFaults[title] ?? []
  const { promise: read, resolve: isRead } = Promise.withResolvers<void>()
  const server = await serveContract({ handlers: everywhere(ids, streaming([event], read)) })
  await using stream = await openStream(`${server.url}${STREAM}`)
  expect(await stream.next()).toEqual(change)
  isRead()
  await expect(stream.next()).rejects.toThrow()
  await server.stop()
  const placed = server.exchanges.map(place)
  expect(placed).toHaveLength(1)
  expect(placed.flatMap(contractViolations)).toEqual([])
})

test('a stream without a fault is found by nobody', async () => {
  const server = await serveContract({ handlers: everywhere(ids, streaming(goodEvents)) })
  expect((await ask(server, 'GET', STREAM)).status).toBe(200)
  await server.stop()
  const placed = server.exchanges.map(place)
  expect(placed.map(({ exchange }) => exchange.body.match(/^event: .+/gm)?.slice(0, 3))).toEqual([
    ['event: change', 'event: change', 'event: ready'],
  ])
  expect([...placed.flatMap(contractViolations), ...placed.flatMap(prism)]).toEqual([])
})

test('an answer without a fault is found by nobody', async () => {
  const server = await serveContract({ handlers: everywhere(ids, right) })
  expect((await ask(server, 'GET', NOTE)).status).toBe(200)
  await server.stop()
  const placed = server.exchanges.map(place)
  expect(placed).toHaveLength(1)
  expect([...placed.flatMap(contractViolations), ...placed.flatMap(prism)]).toEqual([])
})

const guarded = operations.filter(({ security }) =>
  security.some((requirement) => Object.values(requirement).flat().length > 0),
)

test('scopes taken out of the contract let everybody in, and each of them is found', async () => {
  const bare = withoutScopes(document.root)
  const handlers = everywhere(ids, async () => Promise.reject(new Problem('unavailable', 'The handler was reached.')))
  const nobody: Caller = { userId: 'u', credential: { kind: 'session', id: 's' }, scopes: [] }
  const authenticate = async (): Promise<Caller> => nobody
  const asItIs = await serveContract({ handlers, authenticate })
  const open = await serveContract({ handlers, authenticate, document: { ...document, root: bare } })
  for (const { operationId, method, path } of guarded) {
    const address = path.replace('{version}', '1').replace(/\{[^}]+\}/g, NOTE.slice('/notes/'.length))
    expect((await ask(asItIs, method.toUpperCase(), address)).status, operationId).toBe(403)
    expect((await ask(open, method.toUpperCase(), address)).status, operationId).not.toBe(403)
  }
  await Promise.all([asItIs.stop(), open.stop()])
  const found = compareContracts(document.root, bare).map(({ id, impact }) => `${impact} ${id}`)
  expect(guarded.length).toBeGreaterThan(20)
  expect(found.toSorted()).toEqual(
    guarded.map(({ operationId }) => `security security-loosened ${operationId}`).toSorted(),
  )
})

function withoutScopes(root: JsonObject): JsonObject {
  const copy = structuredClone(root)
  for (const { path, method } of guarded) {
    const operation = object(object(object(copy['paths'])[path])[method])
    const schemes = list(operation['security']).flatMap((requirement) => Object.keys(object(requirement)))
    Object.assign(operation, { security: schemes.map((scheme) => ({ [scheme]: [] })) })
  }
  return copy
}

function withContentType(type: string) {
  return (app: RequestListener): RequestListener =>
    (request, response) => {
      const setHeader = response.setHeader.bind(response)
      response.setHeader = (name, value) => setHeader(name, name === 'Content-Type' ? type : value)
      return app(request, response)
    }
}

function withRoute(path: string) {
  return (app: RequestListener): RequestListener =>
    (request, response) =>
      request.url === path ? response.end('hello') : app(request, response)
}
