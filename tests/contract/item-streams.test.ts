import { connect } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { inTime } from '../support/in-time.ts'
import { ask } from '../support/people.ts'
import { operations } from './harness/document-examples.ts'
import { everywhere, type LooseHandler, serveContract, type ServedContract } from './harness/served-contract.ts'

const note = {
  id: '019a6f5f-7a3e-7b21-b0c4-5d6e7f8091a2',
  title: 'First Note',
  content: 'Hello',
  is_public: false,
  tags: [],
  is_pinned: false,
  is_archived: false,
  version: 1,
  owner_id: '019a6f5e-2b1c-7d3a-9c5e-4f6a7b8c9d0e',
  created_at: '2026-11-22T10:16:40.5Z',
  updated_at: '2026-11-22T10:16:40.5Z',
}
const large = { ...note, content: 'x'.repeat(1_000_000) }
const ids = operations.map(({ operationId }) => operationId)

async function serve(
  handler: LooseHandler,
  options: Parameters<typeof serveContract>[0] | object = {},
): Promise<ServedContract> {
  const server = await serveContract({ ...options, handlers: everywhere(ids, handler) })
  onTestFinished(() => server.stop())
  return server
}

async function* each(...items: readonly unknown[]): AsyncGenerator {
  for (const item of items) {
    if (item instanceof Error) throw item
    yield item
  }
}

/** Replies with these items; an Error among them is thrown in its place. */
const giving =
  (...items: readonly unknown[]): LooseHandler =>
  async (_, reply) =>
    reply(200, each(...items))

test.each([[[]], [[note]], [[note, { ...note, title: 'Zweite — 二' }, note]]])(
  'an array that is sent item by item is what it would be in one piece: %#',
  async (items) => {
    const server = await serve(giving(...items))
    const { status, text, headers } = await ask(server, 'GET', '/notes')
    expect([status, text, headers.get('content-type')]).toEqual([200, JSON.stringify(items), 'application/json'])
    const head = await ask(server, 'HEAD', '/notes')
    expect([head.status, head.text]).toEqual([200, ''])
    expect(server.complaints).toEqual([])
  },
)

test.each<[what: string, items: unknown[], status: number]>([
  ['the first item breaks the contract', [{ ...note, secret: 1 }], 500],
  ['the first item cannot be made', [new Error('no')], 500],
  ['the database is gone', [Object.assign(new Error('no'), { code: 'ECONNREFUSED' })], 503],
])('if %s, a problem is sent and nothing else', async (_, items, status) => {
  const server = await serve(giving(...items))
  const reply = await ask(server, 'GET', '/notes')
  expect([reply.status, reply.headers.get('content-type')]).toEqual([status, 'application/problem+json'])
  expect(server.complaints).toHaveLength(1)
})

test.each<[what: string, items: unknown[]]>([
  ['breaks the contract', [note, { ...note, secret: 1 }]],
  ['cannot be made', [note, note, new Error('no')]],
  ['is one too many', Array.from({ length: 101 }, () => note)],
])('if a later item %s, the connection breaks: nobody takes the part for the whole', async (_, items) => {
  const server = await serve(giving(...items))
  await expect(ask(server, 'GET', '/notes')).rejects.toThrow('terminated')
  expect(server.complaints).toMatchObject([{ msg: 'a stream failed', operation: 'listNotes' }])
  expect(JSON.stringify(server.complaints)).not.toContain('First Note')
})

test('with replies=log, an item that breaks the contract is sent and logged', async () => {
  const server = await serve(giving(note, { ...note, secret: 1 }), { replies: 'log' })
  expect((await ask(server, 'GET', '/notes')).list).toHaveLength(2)
  expect(server.complaints).toMatchObject([{ msg: 'a reply breaks the contract' }])
})

test('a list is not taken for an object, nor an event stream for a list', async () => {
  const server = await serve(giving(note))
  expect((await ask(server, 'GET', '/changes')).status).toBe(500)
  expect((await ask(server, 'GET', `/notes/${note.id}`)).status).toBe(500)
})

test('items are made as the client takes them, and no more once it is gone', async () => {
  const made = { count: 0 }
  const over = Promise.withResolvers<void>()
  const endless = async function* endless(): AsyncGenerator {
    try {
      for (; made.count < 100; made.count += 1) yield large
    } finally {
      over.resolve()
    }
  }
  const server = await serve(async (_, reply) => reply(200, endless()))
  const socket = connect(Number(new URL(server.url).port), '127.0.0.1').on('error', () => undefined)
  socket.write('GET /notes HTTP/1.1\r\nHost: x\r\n\r\n')
  await inTime('something comes', new Promise((resolve) => socket.once('data', resolve)))
  socket.pause()
  // What fits between the two is some megabytes.
  const seen = await untilStill(() => made.count)
  expect(seen).toBeLessThan(40)
  socket.destroy()
  await inTime('the source is closed', over.promise)
  expect(made.count).toBeLessThan(seen + 2)
  expect(server.complaints).toEqual([])
})

test('an account has up to 16 long lists under way; the next gets a 503, and one that ends makes room', async () => {
  const gates: (() => void)[] = []
  const held = async function* held(): AsyncGenerator {
    yield note
    await new Promise<void>((resolve) => gates.push(resolve))
    yield note
  }
  const server = await serve(async (_, reply) => reply(200, held()))
  const open = Array.from({ length: 16 }, () => ask(server, 'GET', '/notes'))
  await untilStill(() => gates.length)
  expect(gates).toHaveLength(16)
  const refused = await ask(server, 'GET', '/notes')
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2'])
  expect((await ask(server, 'HEAD', '/notes')).status).toBe(200)
  gates.shift()?.()
  await Promise.race(open)
  open.push(ask(server, 'GET', '/notes'))
  await untilStill(() => gates.length)
  expect(gates).toHaveLength(16)
  for (const end of gates) end()
  expect((await Promise.all(open)).map(({ list }) => list.length)).toEqual(open.map(() => 2))
})

/** The number, once it has stayed the same for a while. */
async function untilStill(look: () => number): Promise<number> {
  let [last, since] = [look(), performance.now()]
  while (performance.now() - since < 150) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    if (look() !== last) [last, since] = [look(), performance.now()]
  }
  return last
}
