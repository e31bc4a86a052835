import { once } from 'node:events'
import { createServer, type IncomingMessage, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { expect, onTestFinished, test } from 'vitest'
import { createReadBody, largeBodies } from '../../src/http/body.ts'
import { createFairGate } from '../../src/scheduling/fair-gate.ts'
import { usePerson, useServer } from '../support/fixtures.ts'
import type { Person } from '../support/people.ts'

// Its texts are too large to be kept for the judges of all traffic.
const server = useServer({ isRecorded: false })
const ann = usePerson(server)
const bob = usePerson(server)

const MIB = 1024 * 1024
/** A note in a body of so many bytes. */
const bodyOf = (bytes: number): string => '{"title":"a","content":"b"}'.padEnd(bytes, ' ')
const headers = { 'Content-Type': 'application/json' }
const create = (person: Person, body: string) => person.ask('POST', '/notes', { body, headers })

/** A body whose length is announced, as readBody takes it. */
function announced(bytes: number) {
  const stream = new Blob([bodyOf(bytes)]).stream()
  const request = Object.assign(stream, { headers: { 'content-length': String(bytes) } }) as never
  return { request, maxBytes: 13 * MIB, sender: 'bob', signal: new AbortController().signal }
}

/** One whose length is not announced: it comes in these pieces. */
function streamed(pieces: Iterable<Buffer> | AsyncIterable<Buffer>) {
  const request = Object.assign(Readable.from(pieces), { headers: {} }) as never
  return { request, maxBytes: 13 * MIB, sender: 'ann', signal: new AbortController().signal }
}

const size = (bytes: Buffer): number => bytes.length

/** A server that answers with the size of a body; how many large bodies asked for a place, and how many have one. */
async function serveSizes() {
  const { run } = createFairGate(largeBodies)
  const places = { asked: 0, taken: 0 }
  const readBody = createReadBody((receive, sender) => {
    places.asked += 1
    return run(() => {
      places.taken += 1
      return receive().finally(() => (places.taken -= 1))
    }, sender)
  })
  const sizes = createServer((request, response) => {
    const sender = String(request.headers['x-sender'])
    const { signal } = new AbortController()
    void readBody({ request, maxBytes: 13 * MIB, sender, signal }, (bytes) => response.end(String(bytes.length)))
  })
  sizes.listen(0, '127.0.0.1')
  await once(sizes, 'listening')
  onTestFinished(() => void sizes.close())
  return { url: `http://127.0.0.1:${(sizes.address() as AddressInfo).port}`, places }
}

/** Sends all of a body but its last byte, which `end` sends. */
function begin(url: string, sender: string, bytes: number) {
  const request = httpRequest(url, { method: 'POST', headers: { 'X-Sender': sender, 'Transfer-Encoding': 'chunked' } })
  const answered = once(request, 'response')
  request.write(Buffer.alloc(bytes - 1))
  return {
    end: async (): Promise<string> => {
      request.end(Buffer.alloc(1))
      const [response] = (await answered) as [IncomingMessage]
      return text(response)
    },
  }
}

test('a body needs a place once it has more than 2 MiB, whether its length is announced or not', async () => {
  let places = 0
  const readBody = createReadBody((receive) => {
    places += 1
    return receive()
  })
  const pieces = (count: number): Buffer[] => Array.from({ length: count }, () => Buffer.alloc(MIB, ' '))
  expect(await readBody(announced(2 * MIB), size)).toBe(2 * MIB)
  expect(await readBody(streamed(pieces(2)), size)).toBe(2 * MIB)
  expect(places).toBe(0)
  expect(await readBody(announced(2 * MIB + 1), size)).toBe(2 * MIB + 1)
  expect(await readBody(streamed(pieces(3)), size)).toBe(3 * MIB)
  expect(places).toBe(2)
})

test('one sender has two large bodies under way; a third waits, and small ones and other senders do not', async () => {
  const { url, places } = await serveSizes()
  const whole = async (sender: string, bytes: number): Promise<string> => {
    const sent = { method: 'POST', headers: { 'X-Sender': sender }, body: Buffer.alloc(bytes) }
    return (await fetch(url, sent)).text()
  }
  const first = begin(url, 'ann', 3 * MIB)
  const second = begin(url, 'ann', 3 * MIB)
  const third = begin(url, 'ann', 3 * MIB)
  await expect.poll(() => places.asked).toBe(3)
  expect(await whole('ann', 2 * MIB)).toBe(String(2 * MIB))
  expect(await whole('bob', 12 * MIB)).toBe(String(12 * MIB))
  expect(places.taken).toBe(2)
  const sizes = await Promise.all([first, second, third].map(({ end }) => end()))
  expect(sizes).toEqual([3, 3, 3].map((mebibytes) => String(mebibytes * MIB)))
  expect(places.taken).toBe(0)
})

test('large bodies of many senders at once are all taken', async () => {
  const bodies = Array.from({ length: 12 }, (_, index) => create(index % 2 === 0 ? ann : bob, bodyOf(3 * MIB)))
  expect((await Promise.all(bodies)).map(({ status }) => status)).toEqual(bodies.map(() => 201))
})

test('a sender who gets no place in time gets a 503 that ends the connection, and the place goes to others', async () => {
  const gate = createFairGate({ ...largeBodies, slots: 1, waitMs: 50 })
  const readBody = createReadBody(gate.run)
  const held = Promise.withResolvers<void>()
  const holder = gate.run(() => held.promise)
  await expect(readBody(announced(3 * MIB), () => 'read')).rejects.toMatchObject({
    status: 503,
    headers: { 'Retry-After': 2, Connection: 'close' },
  })
  await expect(readBody(announced(2 * MIB), () => 'read')).resolves.toBe('read')
  held.resolve()
  await holder
  await expect(readBody(announced(3 * MIB), size)).resolves.toBe(3 * MIB)
})

test('a client that is gone gives its place back', async () => {
  const gate = createFairGate({ ...largeBodies, slots: 1 })
  const readBody = createReadBody(gate.run)
  const broken = (async function* () {
    yield Buffer.alloc(3 * MIB)
    throw new Error('aborted')
  })()
  await expect(readBody(streamed(broken), () => 'read')).rejects.toMatchObject({ slug: 'malformed-request' })
  await expect(gate.run(async () => 'free')).resolves.toBe('free')
})
