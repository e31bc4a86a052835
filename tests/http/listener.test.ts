import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { listen } from '../../src/listener.ts'

const REQUEST = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const SHORT_MS = 200

async function connectTo(app: RequestListener, timeouts?: Parameters<typeof listen>[2]): Promise<Socket> {
  const listener = await listen({ host: '127.0.0.1', port: 0 }, pino({ level: 'silent' }), timeouts)
  listener.serve(app)
  const socket = connect(Number(new URL(listener.url).port), '127.0.0.1')
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
