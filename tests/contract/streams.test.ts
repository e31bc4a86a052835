import { once } from 'node:events'
import { connect } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { ContractDocument } from '../../src/contract/document/document.ts'
import { createStreams, type StreamOptions } from '../../src/contract/reply/streams.ts'
import type { Caller } from '../../src/contract/types.ts'
import { type OpenStream, openStream } from '../support/event-stream.ts'
import { inTime } from '../support/in-time.ts'
import { ask } from '../support/people.ts'
import { operations, withTimeout } from './harness/document-examples.ts'
import {
  everywhere,
  type LooseHandler,
  serveContract,
  type ServedContract,
  testCaller,
} from './harness/served-contract.ts'

const PATH = '/changes/stream'
const header = { 'X-Accel-Buffering': 'no' }
/** For what happens soon, also on a busy machine. */
const PATIENCE = { timeout: 9_000, interval: 10 }
const change = {
  seq: 1,
  kind: 'upsert',
  note_id: '019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2',
  version: 1,
  at: '2026-11-22T10:16:40.5Z',
}
const good = { event: 'change', id: 'abc', data: change }

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

interface Settings extends Partial<StreamOptions> {
  readonly replies?: 'enforce' | 'log'
  readonly document?: ContractDocument
  readonly authenticate?: () => Promise<Caller>
}

/** A server whose stream is made by the test. */
async function serve(handler: LooseHandler, { replies, document: given, authenticate, ...options }: Settings = {}) {
  const streams = createStreams({
    endedCallers: async () => new Set(),
    onCheckFailure: () => undefined,
    ...options,
  })
  const server = await serveContract({
    handlers: handlersWith(handler),
    streams,
    ...(replies !== undefined && { replies }),
    ...(given !== undefined && { document: given }),
    ...(authenticate !== undefined && { authenticate }),
  })
  ends.push(server.stop)
  return { server, streams }
}

function handlersWith(handler: LooseHandler): Record<string, LooseHandler> {
  return { ...everyOperation, streamChanges: handler }
}

const everyOperation = {
  ...everywhere(
    operations.map(({ operationId }) => operationId),
    async () => undefined,
  ),
  getLiveness: async (_: unknown, reply: (...given: unknown[]) => unknown) => reply(200, { status: 'alive' }),
}

function streaming(...events: readonly unknown[]): LooseHandler {
  return async ({ signal }, reply) => {
    const source = async function* source(): AsyncGenerator {
      yield* events
      if (!signal.aborted) await once(signal, 'abort')
    }
    return reply(200, source(), header)
  }
}

/** A valid event at once and another one later, because a broken connection loses what was written last. */
async function* afterwards(moment: Promise<void>, event: unknown): AsyncGenerator {
  yield good
  await moment
  yield event
}

/** One source for each request, in their order; the last one serves the rest. */
function each(...sources: readonly ((signal: AbortSignal) => AsyncGenerator)[]): LooseHandler {
  const left = [...sources]
  return async ({ signal }, reply) => {
    const source = left.length > 1 ? left.shift() : left[0]
    return reply(200, source?.(signal), header)
  }
}

/** A stream whose events a test sends one by one. */
function createFeed() {
  const waiting: unknown[] = []
  let news = Promise.withResolvers<void>()
  const source = async function* source(signal: AbortSignal): AsyncGenerator {
    yield good
    for (;;) {
      while (waiting.length > 0) yield waiting.shift()
      if (signal.aborted) return
      news = Promise.withResolvers()
      signal.addEventListener('abort', () => news.resolve(), { once: true })
      await news.promise
    }
  }
  const send = (event: unknown): void => {
    waiting.push(event)
    news.resolve()
  }
  return { source, send }
}

const later = { ...good, id: 'abd' }

/** A stream goes on: what is sent now arrives. */
async function expectGoesOn(stream: OpenStream, send: (event: unknown) => void): Promise<void> {
  send(later)
  expect(await stream.next()).toEqual(later)
}

/** The server answers other requests, although it refuses or ends streams. */
async function expectUsable(server: ServedContract): Promise<void> {
  expect((await inTime('a reply', ask(server, 'GET', '/health/live'))).body).toEqual({ status: 'alive' })
}

async function goneAmong(callers: readonly Caller[]): Promise<Set<Caller>> {
  return new Set(callers.filter(({ credential }) => credential.id === 'gone'))
}

async function untilOpen(server: ServedContract, statuses: Set<number>): Promise<void> {
  while (!statuses.has(200)) statuses.add(await statusOf(server))
}

async function statusOf(server: ServedContract): Promise<number> {
  await using stream = await open(server)
  return stream.status
}

const open = (server: ServedContract) => openStream(`${server.url}${PATH}`)

test('events arrive as they are sent, with their names and ids', async () => {
  const { server } = await serve(streaming({ event: 'ready', id: 'abb', data: { cursor: 'abb' } }, good))
  await using stream = await open(server)
  expect(stream.status).toBe(200)
  expect(stream.headers.get('content-type')).toBe('text/event-stream')
  expect(stream.headers.get('x-accel-buffering')).toBe('no')
  expect(stream.headers.get('cache-control')).toBe('private, no-store')
  expect(await stream.until('change')).toEqual([{ event: 'ready', id: 'abb', data: { cursor: 'abb' } }, good])
})

test.each([
  ['that is not documented', { ...good, event: 'rename' }],
  ['without a field', { ...good, data: { ...change, version: undefined } }],
  ['with a field too many', { ...good, data: { ...change, title: 'x' } }],
  ['with the data of another', { ...good, event: 'ready' }],
  ['whose id would begin another field', { ...good, id: 'abc\ndata: {}' }],
])('an event %s breaks the stream instead of reaching its client, and is logged', async (_, event) => {
  const seen = Promise.withResolvers<void>()
  const { server } = await serve(async (_request, reply) => reply(200, afterwards(seen.promise, event), header))
  await using stream = await open(server)
  expect(await stream.next()).toEqual(good)
  seen.resolve()
  await expect(stream.next()).rejects.toThrow()
  expect(server.complaints.map(({ msg }) => msg)).toEqual(['a stream failed'])
  expect(JSON.stringify(server.complaints)).toContain('breaks the contract')

  const lenient = await serve(streaming(good, event, good), { replies: 'log' })
  await using other = await open(lenient.server)
  await other.until('change')
  await other.until('change')
  expect(lenient.server.complaints.map(({ msg }) => msg)).toContain('a reply breaks the contract')
})

test.each<[string, LooseHandler]>([
  ['that is not a stream', async (_, reply) => reply(200, { changes: [] }, header)],
  ['without its header', async (_, reply) => reply(200, afterwards(Promise.resolve(), good), {})],
  ['of another status', async (_, reply) => reply(204, undefined, header)],
])('a reply %s is a 500 before its first byte', async (_, handler) => {
  const { server } = await serve(handler)
  const reply = await ask(server, 'GET', PATH)
  expect(reply.status).toBe(500)
  expect(reply.headers.get('content-type')).toBe('application/problem+json')
})

test.each<[string, Record<string, string>, 'enforce' | 'log']>([
  ['breaks the contract', {}, 'enforce'],
  ['cannot be sent', { 'X-Accel-Buffering': '\u2028' }, 'log'],
])('a stream that %s is a 500 and takes no place', async (_title, headers, replies) => {
  const bad: LooseHandler = async (_, reply) => reply(200, afterwards(Promise.resolve(), good), headers)
  const handlers = [bad, streaming(good)]
  const { server } = await serve(async (request, reply) => handlers.shift()?.(request, reply), {
    maxPerUser: 1,
    replies,
  })
  expect((await inTime('a reply', ask(server, 'GET', PATH))).status).toBe(500)
  await using stream = await open(server)
  expect(stream.status).toBe(200)
})

test('HEAD has the headers of the stream, but sends no event and does not count as a stream', async () => {
  const { server } = await serve(streaming(good), { maxPerUser: 1 })
  for (let count = 0; count < 3; count += 1) {
    const reply = await ask(server, 'HEAD', PATH)
    expect([reply.status, reply.text]).toEqual([200, ''])
    expect(reply.headers.get('content-type')).toBe('text/event-stream')
  }
})

test.each<[string, (signal: AbortSignal) => AsyncGenerator]>([
  ['waits for an event', createFeed().source],
  [
    'has more events than its client takes',
    async function* flood(signal) {
      for (yield good; !signal.aborted;) yield { ...good, id: 'a'.repeat(100_000) }
    },
  ],
])('when the client of a stream that %s leaves, its source ends and its place is free', async (_, source) => {
  const [ended, aborted] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const watched = async function* watched(signal: AbortSignal): AsyncGenerator {
    signal.addEventListener('abort', () => aborted.resolve())
    try {
      yield* source(signal)
    } finally {
      ended.resolve()
    }
  }
  const { server, streams } = await serve(each(watched, createFeed().source), { maxPerUser: 1 })
  const stream = await open(server)
  expect(await stream.next()).toEqual(good)
  expect(streams.count()).toBe(1)
  await stream.close()
  await inTime('the signal is aborted', aborted.promise)
  await inTime('the source ends', ended.promise)
  await expect.poll(streams.count, PATIENCE).toBe(0)
  await using next = await open(server)
  expect(next.status).toBe(200)
  expect(server.complaints).toEqual([])
})

test.each<[string, (moment: Promise<void>) => AsyncGenerator]>([
  [
    'has no more events',
    async function* brief(moment) {
      yield good
      await moment
    },
  ],
  ['breaks the contract', (moment) => afterwards(moment, { ...good, event: 'rename' })],
  [
    'fails',
    (moment) =>
      afterwards(
        moment.then(() => Promise.reject(new Error('the database is gone'))),
        good,
      ),
  ],
])('when a stream %s, it ends alone: the others go on', async (_, source) => {
  const moment = Promise.withResolvers<void>()
  const { source: live, send } = createFeed()
  const { server, streams } = await serve(each(() => source(moment.promise), live))
  await using one = await open(server)
  await using other = await open(server)
  for (const stream of [one, other]) expect(await stream.next()).toEqual(good)
  moment.resolve()
  await one.rest().catch(() => undefined)
  await expect.poll(streams.count, PATIENCE).toBe(1)
  await expectGoesOn(other, send)
})

test('a stopping server ends all streams with its reason and accepts no more, but answers other requests', async () => {
  const { server, streams } = await serve(streaming(good))
  await using stream = await open(server)
  await stream.next()
  streams.stop()
  expect(await stream.rest()).toEqual([{ event: 'end', id: undefined, data: { reason: 'server_stopping' } }])
  for (let count = 0; count < 3; count += 1) {
    const refused = await inTime('a refusal', ask(server, 'GET', PATH))
    expect([refused.status, refused.body['type']]).toEqual([503, '/problems/unavailable'])
  }
  await expect.poll(streams.count, PATIENCE).toBe(0)
  await expectUsable(server)
})

test('a stream that fails ends as unavailable, and the cause is logged', async () => {
  const failure = Promise.reject(new Error('the database is gone'))
  failure.catch(() => undefined)
  const { server } = await serve(async (_, reply) => reply(200, afterwards(failure, good), header))
  await using stream = await open(server)
  expect((await stream.rest()).at(-1)).toMatchObject({ event: 'end', data: { reason: 'unavailable' } })
  expect(JSON.stringify(server.complaints)).toContain('the database is gone')
})

test('an account can have up to a maximum of streams at once; closing one makes room', async () => {
  const { server, streams } = await serve(streaming(good), { maxPerUser: 2 })
  const first = await open(server)
  await using second = await open(server)
  await second.next()
  const refused = await inTime('a refusal', ask(server, 'GET', PATH))
  expect([refused.status, refused.body['type']]).toEqual([429, '/problems/too-many-streams'])
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(streams.count()).toBe(2)
  await first.close()
  const statuses = new Set<number>()
  await inTime('a place is free', untilOpen(server, statuses))
  expect(statuses).toContain(200)
})

test('the server can have up to a maximum of streams at once, over all accounts; closing one makes room', async () => {
  let count = 0
  const authenticate = async (): Promise<Caller> => ({ ...testCaller, userId: `u${(count += 1)}` })
  const { server, streams } = await serve(streaming(good), { maxInAll: 2, authenticate })
  const one = await open(server)
  await using two = await open(server)
  expect([one.status, two.status]).toEqual([200, 200])
  const refused = await inTime('a refusal', ask(server, 'GET', PATH))
  expect([refused.status, refused.body['type']]).toEqual([503, '/problems/unavailable'])
  expect(streams.count()).toBe(2)
  await one.close()
  await expect.poll(streams.count, PATIENCE).toBe(1)
  await using three = await open(server)
  expect(three.status).toBe(200)
})

test.each<[string, Partial<StreamOptions>, number]>([
  ['its account', { maxPerUser: 1 }, 429],
  ['the server', { maxInAll: 1 }, 503],
])('streams that are refused because %s has enough harm neither an open one nor requests', async (_, max, status) => {
  const { source, send } = createFeed()
  const { server, streams } = await serve(each(source), max)
  await using stream = await open(server)
  expect(await stream.next()).toEqual(good)
  for (let count = 0; count < 20; count += 1)
    expect((await inTime('a refusal', ask(server, 'GET', PATH))).status).toBe(status)
  await expectUsable(server)
  await expectGoesOn(stream, send)
  expect(streams.count()).toBe(1)
})

test('a stream whose credential has ended is ended, and the others go on', async () => {
  let isFirst = true
  const authenticate = async (): Promise<Caller> => {
    const id = isFirst ? 'gone' : 'live'
    isFirst = false
    return { ...testCaller, credential: { kind: 'session', id } }
  }
  const { source, send } = createFeed()
  const { server } = await serve(each(createFeed().source, source), {
    authenticate,
    endedCallers: goneAmong,
    checkMs: 20,
  })
  await using gone = await open(server)
  await using live = await open(server)
  expect((await gone.rest()).at(-1)).toMatchObject({ event: 'end', data: { reason: 'credential_ended' } })
  expect(await live.next()).toEqual(good)
  await expectGoesOn(live, send)
})

test.each<[string, StreamOptions['endedCallers']]>([
  ['the check fails', () => Promise.reject(new Error('no database'))],
  ['the check takes too long', () => new Promise(() => undefined)],
])('a stream whose credential cannot be checked is ended: %s', async (_, endedCallers) => {
  const failures: unknown[] = []
  const { server } = await serve(streaming(good), {
    endedCallers,
    onCheckFailure: (error) => failures.push(error),
    checkMs: 20,
  })
  await using stream = await open(server)
  expect((await stream.rest()).at(-1)).toMatchObject({ event: 'end', data: { reason: 'unavailable' } })
  expect(failures).toMatchObject([expect.any(Error)])
})

test("a client that reads nothing is disconnected after the operation's timeout", async () => {
  const large = { ...good, id: 'a'.repeat(100_000) }
  let made = 0
  const closed = Promise.withResolvers<void>()
  const { server } = await serve(
    async ({ signal }, reply) => {
      const flood = async function* flood(): AsyncGenerator {
        try {
          for (; !signal.aborted; made += 1) yield large
        } finally {
          closed.resolve()
        }
      }
      return reply(200, flood(), header)
    },
    { document: withTimeout('streamChanges', 1) },
  )
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1')
  socket.on('error', () => undefined)
  socket.pause()
  socket.write(`GET ${PATH} HTTP/1.1\r\nHost: x\r\n\r\n`)
  await inTime('the client is disconnected', closed.promise)
  // Only as many events as fit into the buffers between the two.
  expect(made).toBeLessThan(1_000)
  socket.destroy()
})

test('a handler that makes no reply in time becomes a 503, and its signal is aborted', async () => {
  let reason: unknown
  const { server } = await serve(
    async ({ signal }) => {
      await once(signal, 'abort')
      reason = signal.reason
      throw reason
    },
    { document: withTimeout('streamChanges', 1) },
  )
  const reply = await inTime('a reply', ask(server, 'GET', PATH))
  expect([reply.status, reply.body['type']]).toEqual([503, '/problems/unavailable'])
  expect(reply.body['detail']).toBe('The request did not finish within 1 s. What it had begun may still take effect.')
  expect(String(reason)).toContain('did not finish within')
})
