import { connect, type Socket } from 'node:net'

/** The parts of a reply that a load generator reads. */
export interface Reply {
  readonly status: number
  readonly etag: string | undefined
  readonly body: Buffer
}

export interface Call {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** The requests of one connection, one after the other; `check` throws when a reply is wrong. */
export interface Lane {
  readonly next: () => Call
  readonly check: (reply: Reply) => void
}

export interface Load {
  readonly requests: number
  readonly seconds: number
  /** The milliseconds of each request. */
  readonly latencies: readonly number[]
}

/**
 * Keeps each lane's connection busy for `seconds`, or until there were `max` requests. Writes HTTP/1.1 by hand, because
 * a full client takes as much processor time as the server and would be half of the measurement.
 */
export async function runLoad(port: number, lanes: readonly Lane[], seconds: number, max = Infinity): Promise<Load> {
  const connections = await Promise.all(lanes.map(() => openConnection(port)))
  const latencies: number[] = []
  const started = performance.now()
  const end = started + seconds * 1_000
  try {
    await Promise.all(
      lanes.map(async (lane, index) => {
        const connection = connections[index]
        if (connection === undefined) return
        for (let now = performance.now(); now < end && latencies.length < max;) {
          const reply = await connection.ask(lane.next())
          const repliedAt = performance.now()
          latencies.push(repliedAt - now)
          lane.check(reply)
          now = repliedAt
        }
      }),
    )
    return { requests: latencies.length, seconds: (performance.now() - started) / 1_000, latencies }
  } finally {
    for (const { close } of connections) close()
  }
}

export interface HttpConnection {
  readonly ask: (call: Call) => Promise<Reply>
  /** Whether the server keeps it open for another request. */
  readonly isOpen: () => boolean
  readonly close: () => void
}

export async function openConnection(port: number): Promise<HttpConnection> {
  const socket = await new Promise<Socket>((resolve, reject) => {
    const opening: Socket = connect({ host: '127.0.0.1', port, noDelay: true }, () => resolve(opening))
    opening.once('error', reject)
  })
  let received: Buffer = Buffer.alloc(0)
  let waiting: PromiseWithResolvers<Reply> | undefined
  const fail = (error: Error): void => waiting?.reject(error)
  socket.on('error', fail)
  socket.on('close', () => fail(new Error('The server closed the connection')))
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk])
    const whole = readReply(received)
    if (whole === undefined) return
    received = received.subarray(whole.length)
    waiting?.resolve(whole.reply)
  })
  return {
    ask: (call) => {
      waiting = Promise.withResolvers<Reply>()
      socket.write(textOf(call))
      return waiting.promise
    },
    isOpen: () => socket.readyState === 'open',
    close: () => socket.destroy(),
  }
}

function textOf({ method, path, headers = {}, body }: Call): string {
  const text = body === undefined ? undefined : JSON.stringify(body)
  const about =
    text === undefined ? {} : { 'Content-Type': 'application/json', 'Content-Length': String(Buffer.byteLength(text)) }
  const all = Object.entries({ Host: '127.0.0.1', Accept: 'application/json', ...about, ...headers })
  const lines = all.map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text ?? ''}`
}

const HEAD_END = Buffer.from('\r\n\r\n')

/** Reads one reply; undefined until all of it has arrived. */
function readReply(bytes: Buffer): { readonly reply: Reply; readonly length: number } | undefined {
  const headEnd = bytes.indexOf(HEAD_END)
  if (headEnd < 0) return undefined
  const head = bytes.toString('latin1', 0, headEnd)
  // A reply with 204 has no body and no length.
  const size = head.startsWith('204', 9) ? '0' : /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (size === undefined) throw new Error(`A reply without Content-Length: ${head.split('\r\n')[0] ?? ''}`)
  const length = headEnd + HEAD_END.length + Number(size)
  if (bytes.length < length) return undefined
  const etag = /\r\netag: *([^\r]+)/i.exec(head)?.[1]
  return {
    reply: { status: Number(head.slice(9, 12)), etag, body: bytes.subarray(headEnd + HEAD_END.length, length) },
    length,
  }
}
