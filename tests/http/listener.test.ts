import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { connectionLimit } from '../../src/http/connection-limit.ts'
import { listen } from '../../src/listener.ts'

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const SHORT_MS = 200

async function connectTo(
  app: RequestListener,
  timeouts?: Parameters<typeof listen>[2],
  allowHalfOpen = false,
): Promise<Socket> {
  const listener = await listen({ host: '127.0.0.1', port: 0 }, pino({ level: 'silent' }), timeouts)
  listener.serve(app)
  const socket = connect({ port: Number(new URL(listener.url).port), host: '127.0.0.1', allowHalfOpen })
  onTestFinished(async () => {
    socket.destroy()
    await listener.close()
  })
  return socket
}

async function textUntilClosed(socket: Socket): Promise<string> {
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  socket.on('error', () => undefined)
  if (!socket.closed) await once(socket, 'close')
  return Buffer.concat(chunks).toString()
}

test.each([
  ['half sent', (): RequestListener => (_, response) => void response.write('first')],
  ['not begun', (): RequestListener => () => undefined],
])('what is not HTTP, after a request whose reply is %s, gets no reply of its own', async (_, app) => {
  const socket = await connectTo(app())
  socket.write(`${REQUEST}HELLO\r\n\r\n`)
  expect(await textUntilClosed(socket)).not.toContain('400')
})

test('a body that breaks its own framing gets a problem', async () => {
  const socket = await connectTo(() => undefined)
  socket.write('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n')
  expect(await textUntilClosed(socket)).toMatch(/^HTTP\/1\.1 400 /)
})

const LARGE = Buffer.alloc(64 * 1024 * 1024)

test('a client that takes nothing of its reply is disconnected after that time, whatever it sends meanwhile', async () => {
  const timeout = 1_000
  const closed = Promise.withResolvers<boolean>()
  const socket = await connectTo(
    (_, response) => {
      response.once('close', () => closed.resolve(response.writableFinished))
      response.end(LARGE)
    },
    { replyTimeout: timeout },
  )
  socket.on('error', () => undefined).pause()
  const began = performance.now()
  socket.write(`${REQUEST}GET / HTTP/1.1\r\nX: `)
  const sending = setInterval(() => socket.write('x'), timeout / 10)
  onTestFinished(() => clearInterval(sending))
  expect(await closed.promise).toBe(false)
  const took = performance.now() - began
  expect(took).toBeGreaterThan(timeout * 0.95)
  expect(took).toBeLessThan(timeout * 1.7)
})

test('a client that takes its reply slowly, but takes it, gets all of it', async () => {
  const socket = await connectTo((_, response) => void response.end(LARGE), { replyTimeout: SHORT_MS })
  const began = performance.now()
  socket.write(REQUEST)
  let count = 0
  socket.on('data', ({ length }: Buffer) => {
    // A pause after every 8 MiB, of half the time that a client may do nothing.
    if (Math.floor((count + length) / 2 ** 23) > Math.floor(count / 2 ** 23)) {
      socket.pause()
      setTimeout(() => socket.resume(), SHORT_MS / 2)
    }
    count += length
    if (count > LARGE.length) socket.end()
  })
  await once(socket, 'close')
  expect(count).toBeGreaterThan(LARGE.length)
  expect(performance.now() - began).toBeGreaterThan(3 * SHORT_MS)
})

test('a client that has read all there is stays connected, however long nothing more is sent', async () => {
  const socket = await connectTo(
    (_, response) => {
      response.write('first')
      void delay(3 * SHORT_MS).then(() => response.end('last'))
    },
    { replyTimeout: SHORT_MS },
  )
  socket.write(REQUEST.replace('Host', 'Connection: close\r\nHost'))
  expect(await textUntilClosed(socket)).toMatch(/first[^]*last/)
})

test('a client that waits for its reply stays connected', async () => {
  const socket = await connectTo((_, response) => void delay(3 * SHORT_MS).then(() => response.end('late')), {
    replyTimeout: SHORT_MS,
  })
  socket.write(REQUEST)
  const [reply] = (await once(socket, 'data')) as [Buffer]
  expect(reply.toString()).toMatch(/^HTTP\/1\.1 200 /)
})

test('a connection without a request is closed after a while, and not before', async () => {
  const socket = await connectTo((_, response) => void response.end('served'), { keepAliveTimeout: 3 * SHORT_MS })
  socket.write(REQUEST)
  await once(socket, 'data')
  await delay(SHORT_MS)
  socket.write(REQUEST)
  expect(String((await once(socket, 'data'))[0])).toContain('served')
  await textUntilClosed(socket)
})

test('a connection without a request is kept for longer than proxies keep theirs', async () => {
  const socket = await connectTo((_, response) => void response.end('served'), {})
  socket.write(REQUEST)
  expect(String((await once(socket, 'data'))[0])).toMatch(/^Keep-Alive: timeout=125\r$/m)
})

test('a connection beyond the limit is closed at once, which is one line of the log, and the others are served', async () => {
  const lines: string[] = []
  const log = pino({ level: 'warn' }, { write: (line) => void lines.push(line) })
  const listener = await listen({ host: '127.0.0.1', port: 0 }, log, { maxConnections: 2 })
  listener.serve((_, response) => void response.end('served'))
  const sockets: Socket[] = []
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy()
    await listener.close()
  })
  const open = async (): Promise<Socket> => {
    const socket = connect({ port: Number(new URL(listener.url).port), host: '127.0.0.1' })
    sockets.push(socket.on('error', () => undefined))
    await once(socket, 'connect')
    return socket
  }
  const kept = [await open(), await open()]
  for (let count = 0; count < 3; count += 1) expect(await textUntilClosed(await open())).toBe('')
  for (const socket of kept) {
    socket.write(REQUEST)
    expect(String((await once(socket, 'data'))[0])).toContain('served')
  }
  expect(lines).toEqual([expect.stringContaining('there are 2 connections; more are closed at once')])
})

test.each([
  ['there are files for all of them', 20_000, 4_096],
  ['there are few files, of which some are left to the database', 1_024, 768],
  ['there are hardly any files', 100, 16],
])('so many connections are allowed where %s: %i files, %i connections', (_, files, connections) => {
  expect(connectionLimit(files)).toBe(connections)
})

/**
 * A server that refuses a request as one with too large a body, before the body has arrived, and a client that goes on
 * sending when the server has ended its side. `disconnected` resolves with the time from the reply to the end.
 */
async function refusedClient(stagedCloseTimeout: number) {
  const disconnected = Promise.withResolvers<number>()
  const refuse: RequestListener = ({ socket }, response) => {
    const began = performance.now()
    socket.once('close', () => disconnected.resolve(performance.now() - began))
    response.writeHead(413, { Connection: 'close', 'Content-Length': 9 }).end('too large')
  }
  const socket = await connectTo(refuse, { stagedCloseTimeout }, true)
  return { socket, disconnected: disconnected.promise }
}

const announcing = (bytes: number): string => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${bytes}\r\n\r\n`

test('a client that sends all of a refused body before it reads, as proxies do, gets the reply and no reset', async () => {
  const body = Buffer.alloc(8 * 1024 * 1024)
  for (let time = 0; time < 10; time += 1) {
    const { socket } = await refusedClient(60_000)
    const faults: unknown[] = []
    socket.on('error', (error) => faults.push(error))
    socket.write(announcing(body.length))
    await new Promise((resolve) => socket.write(body, resolve))
    socket.once('end', () => socket.end())
    expect(await textUntilClosed(socket)).toMatch(/^HTTP\/1\.1 413 [\s\S]*too large$/)
    expect(faults).toEqual([])
  }
})

test('a client that never stops sending a refused body is disconnected after a while, and not before', async () => {
  const { socket, disconnected } = await refusedClient(1_000)
  socket.on('error', () => undefined).resume()
  socket.write(announcing(1024 ** 5))
  while (!socket.destroyed) {
    socket.write(Buffer.alloc(64 * 1024))
    await delay(1)
  }
  const milliseconds = await disconnected
  expect(milliseconds).toBeGreaterThan(900)
  expect(milliseconds).toBeLessThan(5_000)
})

test('a client that stops in the middle of a refused body is disconnected after a while, and not before', async () => {
  const { socket, disconnected } = await refusedClient(SHORT_MS)
  socket.write(`${announcing(1_000)}a`)
  const milliseconds = await disconnected
  expect(milliseconds).toBeGreaterThan(SHORT_MS * 0.9)
  expect(milliseconds).toBeLessThan(5_000)
})
